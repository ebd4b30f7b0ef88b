use super::*;

const SURE: How = How { most: 4, comma: true, sure: true, lower: true };

fn name(text: &str) -> Option<&str> {
    read(text, 0, SURE).map(|span| span.of(text).unwrap())
}

#[test]
fn reads_names() {
    let cases = [
        ("John Doe was", "John Doe"),
        ("J. P. Mbatha-Raw, MBBCh", "J. P. Mbatha-Raw"),
        ("AL-HASHIMI WAS TREATED", "AL-HASHIMI"),
        ("AL-HASHIMI, YUSUF    MED REC", "AL-HASHIMI, YUSUF"),
        ("Ludwig van der Berg denies", "Ludwig van der Berg"),
        ("O'Malley's chart", "O'Malley"),
        ("Ekaterina \"Katya\" Volkonskaya", "Ekaterina \"Katya\" Volkonskaya"),
        ("hector villanueva-paz dob", "hector villanueva-paz"),
        ("Hope has little hope", "Hope"),
        ("HUNTER LONG DICTATING", "HUNTER LONG"),
        ("Robert Miles Jr. came", "Robert Miles Jr."),
        ("Abiodun\nFashola, thank", "Abiodun\nFashola"),
        ("Anna-\nLiisa Mäkinen", "Anna-\nLiisa Mäkinen"),
        ("PEMBERTON, ALOYSIUS T    ACC: 1", "PEMBERTON, ALOYSIUS T"),
        ("Smith\nPlan: rest", "Smith"),
        ("de la Cruz, Ana", "de la Cruz, Ana"),
        ("Kayden W. bday", "Kayden W."),
        ("Jose\u{301} Nuñez", "Jose\u{301} Nuñez"),
        ("Müller DOB: 1", "Müller"),
    ];
    for (text, expected) in cases {
        assert_eq!(name(text), Some(expected), "{text:?}");
    }
    for text in [
        "denies pain",
        "WAS SEEN",
        "out at 0744",
        "is",
        "123",
        "",
        "Date of birth",
        "b12 low",
        "in room",
    ] {
        assert_eq!(name(text), None, "{text:?}");
    }
}

#[test]
fn reads_names_backwards() {
    let cases = [
        ("Operator: Desmond Toussaint, MD", 25 + 1, Some("Desmond Toussaint")),
        ("endorsed to J. Bascom, RN", 22 + 1, Some("J. Bascom")),
        ("the patient saw RN", 16, None),
    ];
    for (text, end, expected) in cases {
        let end = text.rfind(' ').map_or(end, |at| at + 1);
        assert_eq!(read_before(text, end).and_then(|span| span.of(text)), expected, "{text:?}");
    }
}
