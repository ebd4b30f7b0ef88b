use super::super::tests::{finds, finds_not};
use super::*;

#[test]
fn whole_dates() {
    finds(
        Label::Date,
        &[
            ("DOB 03/14/1962.", &["03/14/1962"]),
            ("seen 3/14/62, d/c 3-16-62", &["3/14/62", "3-16-62"]),
            ("QuantiFERON neg 4.4.24.", &["4.4.24"]),
            ("LOS 3/14/2024-3/16/2024", &["3/14/2024", "3/16/2024"]),
            (
                "3/14/24-3/16/24; 12.1.2023-19.1.2023",
                &["3/14/24", "3/16/24", "12.1.2023", "19.1.2023"],
            ),
            ("from 3/14-3/16/2024", &["3/14", "3/16/2024"]),
            ("31.12.2023", &["31.12.2023"]),
            ("2024-03-14T09:30:00Z", &["2024-03-14T09:30:00Z"]),
            ("2024/3/4 12:00", &["2024/3/4"]),
            ("TS=20240314093000", &["20240314093000"]),
            ("|19620314|", &["19620314"]),
            ("14 Mar 2024", &["14 Mar 2024"]),
            ("6-Jun-2022", &["6-Jun-2022"]),
            ("22JAN2025", &["22JAN2025"]),
            ("on the 5th of May", &["5th of May"]),
            ("March 3rd", &["March 3rd"]),
            ("Sept. 9, 2020", &["Sept. 9, 2020"]),
            ("Oct 12th '19", &["Oct 12th '19"]),
            ("by may 30. ok", &["may 30"]),
            ("APRIL THE TWENTY SECOND", &["APRIL THE TWENTY SECOND"]),
            ("the fifth of june 2021", &["fifth of june 2021"]),
            ("March 2021", &["March 2021"]),
            ("03/2021", &["03/2021"]),
            ("dob 6 2 1958 states", &["6 2 1958"]),
            ("DOB: 06021958", &["06021958"]),
            ("Date of birth ........ 6/2/58", &["6/2/58"]),
            ("D0B: O9/1l/1955", &["O9/1l/1955"]),
            ("Valentine's Day 2023", &["Valentine's Day 2023"]),
            ("(03/\n11/1979)", &["03/\n11/1979"]),
            ("moved in July", &["July"]),
            ("DOB: 1960-Jan-05", &["1960-Jan-05"]),
            ("week of 1/8, 1/6 labs", &["1/8", "1/6"]),
            ("né le 3 février 1971", &["3 février 1971"]),
            ("nacida el 3 de mayo de 1961", &["3 de mayo de 1961"]),
            ("am 3. Mai 1961 geboren", &["3. Mai 1961"]),
            ("2023年5月14日 入院", &["2023年5月14日"]),
            ("died 10 ix 1998", &["10 ix 1998"]),
        ],
    );
    finds_not(
        Label::Date,
        &[
            "BP 120/80",
            "1/2 tablet",
            "in 1988",
            "2019",
            "ABG 7.36/58/71/32",
            "38+2",
            "T2N1M0",
            "L4-L5",
            "10/325",
            "20/20",
            "v2.10.15 of it",
            "she may 2 or 3 times",
            "march in place",
            "C/D 0.6/0.5",
            "13/14/2020 45/45/2020",
            "2019-2021",
            "11.2.300",
            "1-2-3",
            "may have",
            "grade 2 vi 5",
            "3 mars bars",
            "1 mai tai",
        ],
    );
}

#[test]
fn a_month_and_a_day() {
    finds(
        Label::Date,
        &[
            ("LMP 4/18", &["4/18"]),
            ("recheck on 7/15.", &["7/15"]),
            ("from 3/2 to 3/9", &["3/2", "3/9"]),
            ("level 10/9, expires 10/7 2300", &["10/9", "10/7"]),
            ("3/14 is the date", &["3/14"]),
            ("sched IOL 4/6 0600, tour 4/8 @ 2pm", &["4/6", "4/8"]),
            ("inpatient 2/3-2/5 then home", &["2/3", "2/5"]),
            ("3/12 Hgb 8.1\n3/13 worse", &["3/12", "3/13"]),
        ],
    );
    finds_not(
        Label::Date,
        &[
            "pain 7/10",
            "strength 5/5 throughout",
            "2/6 murmur",
            "3/14 residents",
            "monofilament 9/10 bilat",
            "sponge count 10/10",
            "BiPAP 12/5",
            "VA 4/4",
            "on 1/2 tablet",
            "rated 3/10",
            "GCS 15/15",
            "1/2 normal saline",
            "L4/5",
            "takes 1/2 a pill",
            "legs 4/5-5/5 now",
            "2/5 left leg\nno change",
            "drips 4/6 2500",
            "pain 4/6 0600",
            "MAE 5/5 at 0900",
        ],
    );
}
