// Notes to start from. Everybody in them is made up.

const user = (text) => [{ role: "user", content: text }];

export const SAMPLES = [
  {
    name: "Discharge summary",
    messages: user(`DISCHARGE SUMMARY
Patient: Margaret Thornbury   MRN: 4471-0098   DOB: 03/14/1931
SSN: 536-22-8145   Phone: (617) 555-0142   Email: m.thornbury@example.org
Address: 14 Larkspur Lane, Cambridge, MA 02139

Mrs. Thornbury is a 93-year-old woman admitted on 11/02/2025 after a fall at home. CT head
showed no acute bleed. BP 132/78, HR 84, Hgb 9.1. She was started on enoxaparin 40 mg daily.
Her daughter Ellen was updated by Dr. Rafael Oduya. Discharged 11/07/2025, follow-up in two weeks.

Please write a short referral letter to physiotherapy for Margaret Thornbury.`),
  },
  {
    name: "Telephone note",
    messages: user(`Pt's wife Dolores Quintero called 10/3 at 4:15 pm, cell 303-555-0187. Says Mr. Quintero is dizzy since the
lisinopril was raised. Home BP 98/60. Member ID XQH449021877. Told her to hold tonight's dose. Will discuss
with Dr. Abara tomorrow. Summarise for the chart and list what to check.`),
  },
  {
    name: "A conversation",
    messages: [
      { role: "system", content: "You help clinicians write letters. Answer in plain English." },
      { role: "user", content: "John Doe, born 03/14/1962, MRN 44710093, has migraine with aura, twice a week. On propranolol 40 mg." },
      { role: "assistant", content: "Thank you. Should the letter for John Doe go to neurology?" },
      { role: "user", content: "Yes, to Dr. Anneliese Okonkwo. Please mention that Mr. Doe cannot take triptans." },
    ],
  },
  {
    name: "Laboratory list",
    messages: user(`name,dob,mrn,test,value,unit
"Pruitt, Sable",04/19/1978,7719402,Hgb,9.1,g/dL
"Begaye, Thomas",12/02/1990,7719533,HbA1c,8.4,%
"Osei, Ama",03/04/1950,7720016,eGFR,41,mL/min

Which of these patients need a call today?`),
  },
  {
    name: "Español",
    messages: user(`Paciente: María José Fernández Ibáñez, nacida el 14/03/1962. Teléfono (617) 555-0119, correo mj.fernandez@example.org.
Acude por cefalea de tres días. Resuma el caso para la Dra. Lucía Peñalver.`),
  },
  {
    name: "العربية",
    messages: user(`المريضة: ليلى حدّاد (Layla Haddad)، رقم الملف MRN: 44710093، الهاتف ‎(617) 555-0142‎.
حضرت بتاريخ 11/02/2025 بسبب صداع متكرر. يرجى كتابة رسالة إحالة قصيرة.`),
  },
  {
    name: "Nothing to hide",
    messages: user("What is the usual starting dose of metformin in adults with type 2 diabetes, and when is it contraindicated?"),
  },
];
