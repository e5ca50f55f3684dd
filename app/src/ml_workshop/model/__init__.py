"""The model directory and predictions from it; numpy only."""
