"""The workshop's algorithm, reimplemented from its description, as the baseline of the benchmark.

Dense TF-IDF of 10,000 single words (scikit-learn), a PyTorch MLP 10000-256-2, the vectoriser kept by joblib,
and FastAPI under Uvicorn. Nothing of the application is used here.
"""
