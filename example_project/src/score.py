"""Tells irises apart by their sepals and petals."""

import json
import math
import os
from pathlib import Path

from azureml_inference_server_http.api.aml_response import AMLResponse

model = {}


def init():
    """Load the model once, when the container starts."""
    path = Path(os.environ["AZUREML_MODEL_DIR"], "model", "iris.json")
    model.update(json.loads(path.read_text(encoding="utf-8")))


def run(raw_data):
    """Answer `{"data": [[5.1, 3.5, 1.4, 0.2], ...]}` with the most probable class of each flower."""
    try:
        flowers = [measurements(row) for row in json.loads(raw_data)["data"]]
    except (ValueError, TypeError, KeyError, OverflowError):
        # The caller's mistake: say what is expected, and keep the traceback to ourselves.
        expected = f"data must be a list of rows, each with {', '.join(model['features'])}"
        return AMLResponse({"error": expected}, 400, json_str=True)
    return {"predictions": [classify(flower) for flower in flowers]}


def measurements(row):
    """Four lengths in centimetres, or a ValueError."""
    values = [float(value) for value in row]
    if len(values) != len(model["features"]) or not all(0 <= value <= 100 for value in values):
        raise ValueError(row)
    return values


def classify(flower):
    """The class with the highest probability, by softmax over the linear scores."""
    scores = [
        intercept + sum(weight * value for weight, value in zip(weights, flower, strict=True))
        for weights, intercept in zip(model["coefficients"], model["intercepts"], strict=True)
    ]
    exponentials = [math.exp(score - max(scores)) for score in scores]
    best = max(range(len(scores)), key=scores.__getitem__)
    return {"class": model["classes"][best], "probability": round(exponentials[best] / sum(exponentials), 4)}
