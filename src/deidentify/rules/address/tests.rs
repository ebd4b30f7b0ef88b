use super::super::tests::{finds, finds_not};
use super::*;

#[test]
fn places() {
    finds(
        Label::Location,
        &[
            ("at 14620 Moran Street.", &["14620 Moran Street."]),
            ("8398 Pine Ln, Alderhaven, WA 82707", &["8398 Pine Ln, Alderhaven, WA 82707"]),
            ("19 Heron Way #4,", &["19 Heron Way #4"]),
            ("lives at 221b baker street, apt 3", &["221b baker street, apt 3"]),
            ("P.O. Box 1182", &["P.O. Box 1182"]),
            ("po box 77", &["po box 77"]),
            ("Saratoga Springs NY 12866", &["Saratoga Springs NY 12866"]),
            ("from Westminster, CA brought", &["Westminster, CA"]),
            ("on Dorchester Ave, feels", &["Dorchester Ave"]),
            ("zip 92683", &["92683"]),
            ("SW1A 1AA", &["SW1A 1AA"]),
            (
                "of 14 Heol-y-Bryn, Pontypridd CF37 2DP. He",
                &["14 Heol-y-Bryn, Pontypridd CF37 2DP"],
            ),
            ("Seen 12 Days after. He, Leeds LS1 4AP", &["LS1 4AP"]),
            ("Given 2 Paracetamol Amoxicillin Furosemide Leeds LS1 4AP", &["Leeds LS1 4AP"]),
            ("Takes 2 Ramipril Leeds LS1 4AP", &["Leeds LS1 4AP"]),
            ("Takes 2 Ramipril, Furosemide, Leeds LS1 4AP", &["Leeds LS1 4AP"]),
            ("Takes 2 Ramipril Newcastle upon Tyne NE1 4AP", &["Newcastle upon Tyne NE1 4AP"]),
            ("of 14 Harewood Close Leeds LS1 4AP", &["14 Harewood Close Leeds LS1 4AP"]),
            ("K1A 0B1", &["K1A 0B1"]),
            ("at 40.7128, -74.0060 when", &["40.7128, -74.0060"]),
            ("Lives in Burnaby. C", &["Burnaby"]),
            ("9 rue de la Paix, 75002 Paris", &["9 rue de la Paix", "75002 Paris"]),
            ("44 Rue Abderrahmen Ziad", &["44 Rue Abderrahmen Ziad"]),
            ("Address: 12 Suomi Road, Hancock  Phone: 1", &["12 Suomi Road, Hancock"]),
        ],
    );
    finds_not(
        Label::Location,
        &[
            "2 VIEW CHEST CT",
            "64 slice abdominal ct",
            "seen by 2 of the Dr",
            "46 yo male seen by Dr",
            "24-2 visual field",
            "10 mg a day on the way",
            "walks 5 blocks a day",
            "lives in Texas",
            "T2 N1M0 of it",
            "T2N1M0",
            "GCS 14 (E4V4M6)",
            "L4 L5 S1",
            "pain in the lower back",
            "platelets 210",
            "Jones, MD",
            "lives in a house",
            "0.123 to 0.456",
            "Home: stable",
        ],
    );
}
