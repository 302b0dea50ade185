"""The table of the schema `quality`: what a replay of a capture came to. Derived, and no part of the catalogue.

A score depends on browser and replay software as much as on the store, and has the time of its making, so two
derivations from one store need not give equal rows. It stays when `rebuild` exchanges the catalogue, since
captures keep their ids; where the database is new there is none, and it is made again (`letapis quality`).
"""

from sqlalchemy import Column, Float, Index, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

SCHEMA = "quality"
metadata = MetaData(schema=SCHEMA)
TIME = TIMESTAMP(timezone=True)

scores = Table(
    "scores",
    metadata,
    Column("capture_id", Text, primary_key=True),
    Column("score", Float, comment="0 to 1; null where reason says why there is none"),
    Column("reason", Text),
    Column("parts", JSONB, nullable=False, comment="screenshot, text, resources: [{name, value, reason}]"),
    Column(
        "scripts", Text, nullable=False, comment="ran: the replay ran the scripts of the page; off: it did not"
    ),
    Column("leaks", JSONB, nullable=False, comment="addresses beyond the archive that the replay tried to reach"),
    Column("tools", JSONB, nullable=False, comment="method and versions by which it was made"),
    Column("measured_at", TIME, nullable=False),
    Index("scores_by_score", "score"),
)
