"""Training: count, select, fit, measure, write a model directory."""
