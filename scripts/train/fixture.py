"""Writes tests/data/tokens.json: what training makes of some texts, for the gateway's tests to compare with its own.

    python fixture.py MODEL_FOLDER > tests/data/tokens.json"""

import json
import pathlib
import sys

import features

TEXTS = [
    "Pt MARY O'Brien-Nuñez, 93yo F,\n  seen 3/14/24\tat St. Luke's.",
    "jd called x4471, cb 617-555-0199!!\n\nMcCoy J. iPad B12 HbA1c",
    "  Élodie Ngũgĩ (Kī) — 李小明 москва ÅÄÖ",
    "M A R Y\r\nDOE_JOHN.pdf a@b.example https://x.example/y?z=1#q",
    "½ tab 5µg ﬁbrosis “quoted” non-breaking\u00a0space zero\u200bwidth soft\u00adhyphen",
    "word" * 40 + " 12345678901234567890",
    "ＦＵＬＬ　ｗｉｄｔｈ １２３ नमस्ते שלום مرحبا 😀 e\u0301",
]


def main():
    encoder = features.Encoder(pathlib.Path(sys.argv[1]))
    cases = []
    for text in TEXTS:
        ids, types, _ = encoder.encode(text, [])
        cases.append({"text": text, "ids": ids, "types": types})
    print(json.dumps(cases, ensure_ascii=True, indent=1))


if __name__ == "__main__":
    main()
