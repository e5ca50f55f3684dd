"""The workshop's way, written anew from its description: what the application is measured against.

Dense TF-IDF of 10,000 single words (scikit-learn), a PyTorch MLP 10000-256-2, the vectoriser kept by joblib,
and FastAPI under Uvicorn. Nothing of the application is used here.
"""
