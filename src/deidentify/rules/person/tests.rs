use super::super::tests::{finds, finds_not};
use crate::deidentify::entity::Label;

#[test]
fn names_by_title_and_credential() {
    finds(
        Label::Name,
        &[
            ("seen by Dr. Feinberg-Ruiz on", &["Feinberg-Ruiz"]),
            ("DR. HUNTER LONG DICTATING", &["HUNTER LONG"]),
            ("MR. AL-HASHIMI WAS TREATED", &["AL-HASHIMI"]),
            ("w dr mahlangu today", &["mahlangu"]),
            ("to mr. tran telling", &["tran"]),
            ("Mrs. D'Angelo's chart", &["D'Angelo"]),
            ("Prof. Åse Brünnhilde-Smith", &["Åse Brünnhilde-Smith"]),
            ("Dr. Hope has little hope", &["Hope"]),
            ("to RN Perpetua at", &["Perpetua"]),
            ("Care endorsed to J. Bascom, RN.", &["J. Bascom"]),
            ("-Corwin Ashdown DPT, lic", &["Corwin Ashdown"]),
            ("ORDERING: MARK BILLINGSLEY MD", &["MARK BILLINGSLEY"]),
            ("Maj. Stroud", &["Stroud"]),
            ("Deputy Grubb and CO Pruitt escort", &["Grubb", "Pruitt"]),
            ("Will follow. Gupta p31755", &["Gupta"]),
            ("A. Okafor, pager 4471", &["A. Okafor"]),
            ("held by Captain Orlando Vitale.", &["Orlando Vitale"]),
            ("Dr. Me1issa Kavanaugh", &["Me1issa Kavanaugh"]),
            ("SURGEON: S HALL", &["S HALL"]),
            ("SURGEON: John Q. Hgb 9.2", &["John Q."]),
            ("Dr. Me1issa Kava naugh on", &["Me1issa Kava naugh"]),
            ("w/ Dr. Fu. Reply C to confirm", &["Fu"]),
            ("Reviewer: Odessa RN. MD to MD", &["Odessa"]),
            ("Ruiz, A. rm 204, Ott rm 206", &["Ott"]),
            ("Pat1ent: Hollis Okafor    DOB", &["Hollis Okafor"]),
            ("Tech: A.B.   Ref: Sood", &["A.B.", "Sood"]),
            ("Patient: J O H N   S T R I C K L A N D    DOB", &["J O H N   S T R I C K L A N D"]),
            ("her son W i l l i a m came", &["W i l l i a m"]),
        ],
    );
    finds_not(
        Label::Name,
        &[
            "Dr. in room at 0730, Dr. out at 0744",
            "MR BRAIN WITHOUT CONTRAST",
            "MS flare",
            "the doctor said",
            "nurse pool",
            "RN aware",
            "DR ordered",
            "MD aware",
            "seen by PT",
            "tolerated PO, OT following",
            "no Miss steps",
            "Denied per Dr.",
            "The Cochrane review by Higgins",
            "HER2 1+ by Ventana 4B5",
            "caused by Borrelia",
            "co workers, CO monitor, CO Poisoning",
            "sign p1234, then P31755",
            "to Maple rm 3, in Tele bed 4, Peds rm 2",
            "MICU bed 9, ward Maple room 3",
            "Ref: range 3-5, Ref. Range",
            "seen p2024",
            "Dr. D1scharge Pat1ent",
            "P A T I E N T: S T A B L E",
        ],
    );
}

#[test]
fn names_by_label_and_kin() {
    finds(
        Label::Name,
        &[
            (
                "Patient: Ekaterina \"Katya\" Volkonskaya     DOB",
                &["Ekaterina \"Katya\" Volkonskaya"],
            ),
            ("PT: AL-HASHIMI, YUSUF    MED REC #: 1", &["AL-HASHIMI, YUSUF"]),
            ("Patient Name ........ Doe, Jane A.", &["Doe, Jane A."]),
            ("pt hector villanueva-paz dob 6 2 1958", &["hector villanueva-paz"]),
            ("pt John Doe presents", &["John Doe"]),
            ("Patient Will May may come in May", &["Will May"]),
            ("patient Grace Short, 44", &["Grace Short"]),
            ("su tía Lupe y su hijo Beto", &["Lupe", "Beto"]),
            ("saw pt JD today", &["JD"]),
            ("HIS SON, KARIM, WHO HOLDS", &["KARIM"]),
            ("daughter lupita translates", &["lupita"]),
            ("wife Opal, ranch", &["Opal"]),
            ("with moms Freya and Itzel.", &["Freya", "Itzel"]),
            ("Electronically signed by: Tamsin Quaye", &["Tamsin Quaye"]),
            ("THAT IS S-U-M-M-E-R-S, ", &["S-U-M-M-E-R-S"]),
            ("Dear Fiona,\n", &["Fiona"]),
            ("Sincerely,\nNadia Okafor\n", &["Nadia Okafor"]),
            ("my name is Freya.", &["Freya"]),
            ("LI, XIAOMING 46 M  DOB", &["LI, XIAOMING"]),
            ("Name: hope", &[]),
        ],
    );
    finds_not(
        Label::Name,
        &[
            "pt denies pain",
            "PT DENIES PAIN",
            "pt tolerated well",
            "patient: stable",
            "wife present",
            "son at bedside",
            "FATHER: COPD",
            "mother has diabetes",
            "Patient: No, I did not.",
            "by mouth",
            "seen by the team",
            "pt AF with RVR",
            "name: unknown",
            "A-B-C-D",
            "Re: lab results",
            "daughter states",
            "Patient May Return home",
            "Patient Will Read the form",
            "PATIENT WILL MAY",
            "patient Hope Hill Clinic",
            "su hija presente",
            "patient Denies",
            "From: clinic",
            "the patient is stable",
        ],
    );
}

#[test]
fn given_names_before_family_names() {
    finds(
        Label::Name,
        &[
            ("John Doe and Mary Doe. Doe is ill.", &["John Doe", "Mary Doe"]),
            (
                "Patients Carlos Rivera and SUSAN B. OKAFOR were seen",
                &["Carlos Rivera", "SUSAN B. OKAFOR"],
            ),
            ("compare Maria van der Berg with", &["Maria van der Berg"]),
        ],
    );
    finds_not(
        Label::Name,
        &[
            "Charles Bonnet syndrome",
            "Charles Bonnet's syndrome",
            "Maria Today went",
            "Thomas Test positive",
            "james said",
            "Paul Revere Hospital",
        ],
    );
}
