"""What is watched, in one place: queries, and the dashboards made of them."""
