"""What Presidio's anonymizer makes of the requests on standard input: a list of them, or a key to try."""

import json
import sys

from presidio_anonymizer import AnonymizerEngine
from presidio_anonymizer.entities import OperatorConfig, RecognizerResult
from presidio_anonymizer.operators import AESCipher

asked = json.load(sys.stdin)
if isinstance(asked, dict):
    key = asked["key"].encode()
    answer = {"decrypted": AESCipher.decrypt(key, asked["decrypt"]), "encrypted": AESCipher.encrypt(key, asked["encrypt"])}
else:
    answer = []
    for case in asked:
        results = [RecognizerResult.from_json(one) for one in case["analyzer_results"]]
        operators = {name: OperatorConfig.from_json(one) for name, one in case["anonymizers"].items()}
        found = AnonymizerEngine().anonymize(case["text"], results, operators)
        answer.append(json.loads(found.to_json()))
print(json.dumps(answer))
