"""What the JSON API answers with, as typed and described models: the source of its OpenAPI document."""
