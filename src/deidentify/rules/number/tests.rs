use super::super::tests::{finds, finds_not};
use super::*;

#[test]
fn cued_numbers() {
    finds(
        Label::Mrn,
        &[
            ("MRN: SMH-0045512", &["SMH-0045512"]),
            ("mrn 1189023, seen", &["1189023"]),
            ("MED REC #: 1189023    SS#", &["1189023"]),
            ("medical record number is E3340917.", &["E3340917"]),
            ("(MRN: #SC987654)", &["#SC987654"]),
            ("mrn=5500172 ctx", &["5500172"]),
            ("M.R.N. HC-94672-43 appears", &["HC-94672-43"]),
            ("MRN:\n  5500172", &["5500172"]),
            ("MEDlCAL REC0RD N0 = 9410-22", &["9410-22"]),
            ("Patient ID ........ K220-8817", &["K220-8817"]),
            ("MR# 44-12-09", &["44-12-09"]),
            ("Chart # 100200", &["100200"]),
            ("NHS number 943 476 5919", &["943 476 5919"]),
            ("MRN 1234567 55 yo", &["1234567"]),
        ],
    );
    finds(
        Label::Account,
        &[
            ("Acct 4471-0098-22", &["4471-0098-22"]),
            ("account number: BA-58732-196", &["BA-58732-196"]),
            ("acct 55-10029-K for", &["55-10029-K"]),
        ],
    );
    finds(
        Label::HealthPlanId,
        &[
            ("Policy No: 789-456-123", &["789-456-123"]),
            ("Member ID XEA903114477", &["XEA903114477"]),
            ("Medicaid # AB12345C", &["AB12345C"]),
            ("BCBS group 55512", &["55512"]),
            ("Member ID# W2345 67890", &["W2345 67890"]),
            ("Group No. 77120", &["77120"]),
            ("Policy: R000447118203", &["R000447118203"]),
            ("Bill VSP 3301 7764.", &["3301 7764"]),
        ],
    );
    finds(
        Label::License,
        &[
            ("lic PT-40918", &["PT-40918"]),
            ("License No: RN 455121", &["RN 455121"]),
            ("Lic NY 288104", &["NY 288104"]),
            ("(DL B04418827)", &["B04418827"]),
            ("driver's license no. D123-4567", &["D123-4567"]),
        ],
    );
    finds(
        Label::Id,
        &[
            ("ACC: 4478812901", &["4478812901"]),
            ("Case: SP-23-18842", &["SP-23-18842"]),
            ("JOB #0044187", &["#0044187"]),
            ("clm WC-4418-B", &["WC-4418-B"]),
            ("Visit V88120457", &["V88120457"]),
            ("Rx#6617204", &["6617204"]),
            ("gate code #4471", &["4471"]),
            ("passcode (bluebird7) verified", &["bluebird7"]),
            ("ref HS-998877 on file", &["HS-998877"]),
            ("number V88120457", &["V88120457"]),
            ("user=rkessler2 ip", &["rkessler2"]),
            ("Interpreter ID VN-3382", &["VN-3382"]),
        ],
    );
    finds(
        Label::Biometric,
        &[
            ("Iris scan enrollment template IRS-00A7-99E2", &["IRS-00A7-99E2"]),
            ("fingerprint ID FP-8812", &["FP-8812"]),
        ],
    );
    for label in [Label::Mrn, Label::Account, Label::HealthPlanId, Label::License, Label::Id] {
        finds_not(
            label,
            &[
                "visit 2024",
                "order 2 tabs",
                "group 3",
                "case of 1988",
                "MR angiogram",
                "plan: 40 mg",
                "on account of 2 falls",
                "report at 10:40",
                "order 1000 mg",
                "reference range 3.5-5.1",
                "study of 4310 patients is on file",
                "case discussed",
                "member of the team",
                "Chart reviewed",
                "policy of no visitors",
                "auth pending",
                "series 4, image 112",
                "ref range 12.0-15.5",
            ],
        );
    }
}

#[test]
fn of_a_long_line_little_is_looked_at() {
    let text = "REF 4471009 ".repeat(90_000);
    for at in [0, 12 * 45_000, 12 * 89_999] {
        let (head, line) = beside(&text, at, at + 4);
        assert!(head.len() <= 40 && line.len() <= 200 && line.starts_with("REF "));
    }
    let text = format!("{}REF 1{}", "é".repeat(60), "é".repeat(200));
    assert_eq!(beside(&text, 120, 124).1.len(), 199, "no letter is cut");
}
