"""The HTTP service: Flask under Gunicorn, predictions by numpy."""
