"""Other values for marked identifiers, of the same kind and much of the same shape."""

import re

import gazetteers

MONTHS = "January February March April May June July August September October November December".split()
SHORT = [month[:3] for month in MONTHS] + ["Sept"]
ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third twenty-fourth "
    "twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first"
).split()
PARTICLES = set(
    "van der den de la le del della di da dos do du von zu bin ibn al el abu ben bat mac mc o st san santa ter y e und of "
    "the and ap ab nic ní ó".split()
)
SUFFIXES = set("jr sr ii iii iv md do rn np pa phd lcsw dr mr mrs ms miss mx prof".split())
PLACE_WORDS = set(
    "st street ave avenue rd road ln lane dr drive ct court blvd boulevard pl place ter terrace way cir circle hwy highway "
    "pkwy parkway apt unit suite ste floor fl box po p o rr route county co north south east west n s e w ne nw se sw lot "
    "trailer house flat block bldg building room near behind corner of and at the on off by river lake creek mount mt port "
    "fort ft san santa los las el la new old upper lower park village town city township parish district island beach valley "
    "hill hills heights springs rue strasse straße calle via avenida no nr".split()
)
FACILITY_WORDS = set(
    "hospital clinic center centre medical health healthcare care home nursing rehab rehabilitation hospice school elementary "
    "middle high college university church ministries lab labs laboratory laboratories imaging radiology pathology pediatrics "
    "paediatrics cardiology orthopedics ortho oncology surgery surgical dental dentistry eye physicians associates group "
    "practice partners services service department dept county regional general memorial community children's childrens "
    "women's veterans va of the and at in for on st saint mount family primary urgent emergency inc llc ltd co corp company "
    "pc pa pllc foundation institute shelter house manor gardens assisted living senior behavioral mental trust nhs ward "
    "pharmacy store shop farm farms dairy foods logistics warehouse plant construction trucking airlines bank".split()
)
STREETS = "St Street Ave Avenue Rd Road Ln Lane Dr Drive Ct Court Blvd Way Pl Terrace Circle Hwy Loop Trail Row Close".split()
KINDS = (
    "Hospital|Clinic|Medical Center|Regional Medical Center|Health|Family Practice|Pediatrics|Nursing Home|Rehab|"
    "Hospice|Elementary|High School|Middle School|Manor|Memorial|Community Hospital|Urgent Care|Surgery Center|Imaging|"
    "Dental|Eye Associates|Home Health|Baptist Church|Lutheran|Dialysis|Care Center|Physicians|Orthopedics|College|"
    "Women's Clinic|Pharmacy|Infirmary|General|Day Care|Trucking|Foods|Auto Body|Farms|Logistics|Cardiology Group"
).split("|")
SAINTS = "St. Mary's|St. Luke's|Mercy|Good Samaritan|Sacred Heart|Providence|Holy Cross|Trinity|Bethany|St. Vincent".split("|")
# People's names that are words too.
FIRST_WORDS = (
    "Hope Joy Faith Grace Mercy Patience Charity Dawn Summer Autumn April May June August Eve Holly Ivy Rose Lily Iris Violet Daisy "
    "Heather Hazel Olive Ginger Rosemary Basil Sage Amber Ruby Pearl Jade Crystal Star Sky Stormy Sunny Misty Sandy Rusty Rocky Dusty "
    "Robin Jay Wren Kitty Buck Colt Bear Art Bill Will Mark Grant Chase Hunter Drew Rob Bob Nick Pat Sue Gene Ray Rich Jack Skip Chuck "
    "Dean Guy Miles Wade Cliff Glen Dale Heath Frank Earnest Max Tad Bud Penny Peg Dot Candy Carol Melody Harmony Angel Trinity Destiny "
    "Paris London Dallas Brooklyn Chelsea Austin Christian Major Judge Sterling Wesley Woody Brandy Sherry Bonnie Victor Norm Bunny"
).split()
LAST_WORDS = (
    "Young Long Short Little Small Rich Good Moody Sharp Savage Payne Coffin Graves Church Bishop Pope Abbott Cook Baker Butler Carpenter "
    "Cooper Fisher Hunter Shepherd Ward Hall Waters Rivers Lake Brooks Hill Wells Woods Rose Reed Bush Berry Pepper Rice Bean Frost Snow "
    "Winter Day Knight Blood Hart Bone Hand Foot Head Beard Cheek Legg Speck Love Burns Swallow Crane Swift Drake Lamb Bull Stern Case "
    "Chance Best Worth Price Cash Banks Bond Marks Page Story Wright Law Justice Judge Major Marshall Power Battle Gunn Shields Steel "
    "Stone Gold Silver Diamond Glass Wall Gates House Bell Singer Piper Horn King Prince Duke Noble Strong Stark Green Brown Gray White "
    "Black Bright Cross Field Park Street Lane Bridge Castle Forest Marsh Moss Flood Storm Fox Wolf Byrd Salmon Pike Herring Bass"
).split()
WORDS = 0.06  # the share of drawn names that are words
UNITS = "zero one two three four five six seven eight nine".split()


class Surrogates:
    """Draws values. Within one document a word is always replaced by the same word."""

    def __init__(self, random, own_names=()):
        self.random = random
        self.own_names = list(own_names) or ["Okonjo"]
        self.words = {}

    def start_document(self):
        """Forgets the words replaced so far."""
        self.words = {}

    # -- names -------------------------------------------------------------------------------------

    def first(self):
        if self.random.random() < WORDS:
            return self.random.choice(FIRST_WORDS)
        pick = self.random.random()
        if pick < 0.35:
            return self.random.choice(gazetteers.common_first_names())
        if pick < 0.8:
            return self.random.choice(gazetteers.people()[0])
        return self.random.choice(gazetteers.rare_first_names())

    def last(self):
        if self.random.random() < WORDS:
            return self.random.choice(LAST_WORDS)
        pick = self.random.random()
        if pick < 0.35:
            return self.random.choice(gazetteers.surnames())
        if pick < 0.8:
            return self.random.choice(gazetteers.people()[1])
        return self.random.choice(self.own_names)

    def full_name(self):
        """A person in one of the ways that people are written."""
        first, last, pick = self.first(), self.last(), self.random.random()
        if pick < 0.4:
            return f"{first} {last}"
        if pick < 0.5:
            return f"{last}, {first}"
        if pick < 0.6:
            return f"{first} {self.letter()}. {last}"
        if pick < 0.68:
            return f"{first[0]}. {last}"
        if pick < 0.76:
            return f"{first} {last[0]}."
        if pick < 0.88:
            return first
        return last if pick < 0.97 else f"{last}-{self.last()}"

    def letter(self):
        return self.random.choice("ABCDEFGHIJKLMNOPRSTUVWYZ")

    def name(self, value):
        parts = re.split(r"([^\w]+|_)", value)
        words = [part for part in parts if re.match(r"[^\W\d_]", part)]
        seen = 0
        for at, part in enumerate(parts):
            if not re.match(r"[^\W\d_]", part):
                continue
            seen += 1
            bare = part.lower()
            if bare in PARTICLES or bare in SUFFIXES:
                continue
            if bare not in self.words:
                if len(part) == 1:
                    self.words[bare] = self.letter()
                elif len(part) <= 3 and part.isupper() and len(words) == 1:
                    self.words[bare] = "".join(self.letter() for _ in part)
                else:
                    last = seen == len(words) and len(words) > 1 or "," in value and seen == 1
                    self.words[bare] = self.last() if last or self.random.random() < 0.15 else self.first()
            parts[at] = like(part, self.words[bare])
        return "".join(parts)

    # -- dates -------------------------------------------------------------------------------------

    def date(self, value):
        return self.new_date(value) if self.random.random() < 0.35 else self.same_form(value)

    def same_form(self, value):
        def word(match):
            text = match.group()
            for names in (MONTHS, SHORT):
                if text.title() in names:
                    return like(text, self.random.choice(names[:12]))
            if text.lower() in ORDINALS:
                return like(text, self.random.choice(ORDINALS))
            return text

        def number(match):
            text = match.group()
            if len(text) == 4 and text[:2] in ("19", "20"):
                return str(self.random.randint(1928, 2027))
            if len(text) <= 2:
                most = max(int(text), 12 if int(text) <= 12 else 28)
                drawn = str(self.random.randint(1, min(most, 31)))
                return drawn.zfill(2) if len(text) == 2 and (text[0] == "0" or int(drawn) < 10) else drawn
            if len(text) == 8 and text[:2] in ("19", "20"):
                return f"{self.random.randint(1930, 2027)}{self.random.randint(1, 12):02}{self.random.randint(1, 28):02}"
            return text

        return re.sub(r"\d+", number, re.sub(r"[^\W\d_]+", word, value))

    def new_date(self, value=""):
        day, month = self.random.randint(1, 28), self.random.randint(1, 12)
        year = self.random.randint(2015, 2027) if self.random.random() < 0.6 else self.random.randint(1928, 2014)
        name, short, two = MONTHS[month - 1], SHORT[month - 1], f"{year % 100:02}"
        suffix = "th" if 10 < day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
        ordinal = ORDINALS[day - 1]
        forms = [
            f"{month}/{day}", f"{month}/{day}", f"{month}/{day}/{two}", f"{month}/{day}/{year}", f"{month:02}/{day:02}/{year}",
            f"{month:02}-{day:02}-{two}", f"{month}-{day}-{two}", f"{day}.{month}.{two}", f"{day:02}.{month:02}.{year}",
            f"{day:02}/{month:02}/{two}", f"{year}-{month:02}-{day:02}", f"{year}{month:02}{day:02}", f"{year}/{month:02}/{day:02}",
            f"{month:02}{day:02}{two}", f"{name} {day}, {year}", f"{name} {day}", f"{name} {day}{suffix}", f"{short} {day}",
            f"{short} {day} {year}", f"{day} {short}", f"{day} {name}", f"{day} {name} {year}", f"{day}-{short}-{two}",
            f"{day:02}{short.upper()}{two}", f"{day}-{short.upper()}-{year}", f"the {ordinal} of {name}", f"{name} {ordinal}",
            f"{day}{suffix} {name} {year}", f"the {day}{suffix} of {name}", f"{name} {year}", f"{short} '{two}", f"{name}",
            f"{short} {day}{suffix}, {year}", f"{month}-{day}", f"{month} {day} {two}", f"{month}/{day}/{two}", f"{day}/{month}",
            f"{year}-{month:02}-{day:02}T{self.random.randint(0, 23):02}:{self.random.randint(0, 59):02}",
        ]
        drawn = self.random.choice(forms)
        return drawn.lower() if value.islower() else drawn.upper() if value.isupper() and len(value) > 3 else drawn

    # -- places and organisations ----------------------------------------------------------------------

    def town(self):
        home, abroad = gazetteers.towns()
        return self.random.choice(home if self.random.random() < 0.75 else abroad)

    def street(self):
        name = self.random.choice([self.last, self.town, self.first])()
        number = self.random.randint(1, 9999 if self.random.random() < 0.6 else 99)
        return f"{number} {name} {self.random.choice(STREETS)}"

    def location(self, value):
        if self.random.random() < 0.35:
            if re.match(r"\d+\w?\s+[^\W\d]", value):
                return like_case(value, self.street())
            if re.fullmatch(r"[^\W\d_][\w'’. -]*", value) and len(value.split()) <= 3 and not PLACE_WORDS & set(value.lower().split()):
                return like_case(value, self.town())
        return self.swap_words(value, PLACE_WORDS, lambda: self.random.choice([self.town, self.last])(), 0.6)

    def organization(self, value):
        pick = self.random.random()
        if pick < 0.12:
            return like_case(value, self.random.choice(gazetteers.facilities()))
        if pick < 0.3:
            return like_case(value, self.new_organization())
        return self.swap_words(value, FACILITY_WORDS, lambda: self.random.choice([self.town, self.last])(), 0.6)

    def new_organization(self):
        stem = self.random.choice(SAINTS) if self.random.random() < 0.2 else self.random.choice([self.town, self.last])()
        return f"{stem} {self.random.choice(KINDS)}"

    def swap_words(self, value, kept, draw, chance):
        def word(match):
            text = match.group()
            bare = text.lower()
            if bare in kept or len(text) < 3:
                return text
            if bare not in self.words:
                self.words[bare] = draw().split()[-1] if self.random.random() < chance else text
            return like(text, self.words[bare])

        return self.digits(re.sub(r"[^\W\d_]+(?:['’][^\W\d_]+)?", word, value))

    # -- numbers ---------------------------------------------------------------------------------------

    def digits(self, value):
        """Other digits, the first one never a new zero."""

        def digit(match):
            text = match.group()
            drawn = [self.random.choice("123456789" if at == 0 and text[0] != "0" else "0123456789") for at in range(len(text))]
            return "".join(drawn)

        return re.sub(r"[0-9]+", digit, value)

    def code(self, value):
        """Other digits and, at times, other letters and another form."""
        words = {unit: unit for unit in UNITS}
        if any(word in words for word in re.findall(r"[a-z]+", value.lower())):
            return re.sub(r"[^\W\d_]+", lambda m: like(m.group(), self.random.choice(UNITS)) if m.group().lower() in words else m.group(), value)
        value = self.digits(value)
        if self.random.random() < 0.4:
            value = re.sub(r"[A-Z]", lambda m: self.letter(), value)
        if self.random.random() < 0.12:
            value = re.sub(r"(?<=\w)[-/. ](?=\w)", self.random.choice(["", "-", " ", ".", "/"]), value)
        return value

    def phone(self, value):
        if self.random.random() < 0.3 and sum(c.isdigit() for c in value) == 10:
            a, b, c = self.random.randint(201, 989), self.random.randint(200, 999), self.random.randint(0, 9999)
            form = self.random.choice(
                ["({}) {}-{:04}", "{}-{}-{:04}", "{}.{}.{:04}", "{} {} {:04}", "{}{}{:04}", "({}){}-{:04}", "1-{}-{}-{:04}",
                 "+1 {} {} {:04}", "{}/{}-{:04}", "{}-{} {:04}"]
            )
            return form.format(a, b, c)
        return self.code(value)

    def age(self, value):
        if value.isdigit():
            return str(self.random.randint(90, 104) if self.random.random() < 0.95 else self.random.randint(105, 112))
        if "ninety" in value.lower() and self.random.random() < 0.7:
            joint = "-" if "-" in value else " "
            return like_case(value, "ninety" + joint + self.random.choice(UNITS[1:]))
        return value

    def address_of_net(self, value):
        def word(match):
            text = match.group()
            if text.lower() in ("http", "https", "www", "com", "org", "net", "example", "edu", "gov", "mail", "at", "dot"):
                return text
            bare = text.lower()
            if bare not in self.words:
                self.words[bare] = re.sub(r"\W", "", self.last() if self.random.random() < 0.5 else self.first())
            return like(text, self.words[bare]) if self.random.random() < 0.6 else text

        return self.digits(re.sub(r"[^\W\d_]{3,}", word, value))

    def of(self, label, value):
        """Another value of `label` in place of `value`."""
        made = {
            "NAME": self.name, "DATE": self.date, "AGE": self.age, "LOCATION": self.location,
            "ORGANIZATION": self.organization, "PHONE": self.phone, "FAX": self.phone,
            "EMAIL": self.address_of_net, "URL": self.address_of_net,
        }.get(label, self.code)(value)
        return made.strip() or value


def like(model, word):
    """`word` in the case of the word `model`."""
    if model.isupper() and len(model) > 1:
        return word.upper()
    if model.islower():
        return word.lower()
    return word


def like_case(model, words):
    """`words` in capitals or lower case when `model` is."""
    letters = [c for c in model if c.isalpha()]
    if len(letters) > 3 and all(c.isupper() for c in letters):
        return words.upper()
    return words.lower() if letters and all(c.islower() for c in letters) else words
