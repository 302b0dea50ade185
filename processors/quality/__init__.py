"""How like its capture a replayed page is: texts, pictures and resources compared, and one score of them."""
