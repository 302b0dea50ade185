"""Which media of a catalogue have been compared, in which turn: tables of its schema, and their numbers.

They tell a worker's files of hashes (`storage.similarity.hash_index`) what they lack. Turns only grow, also over a
rebuild, and so stand outside of the catalogue; a new epoch, drawn from the same sequence, says that what files
hold no longer stands. Losing all of it costs one derivation of the files.
"""

from sqlalchemy import BigInteger, Column, Index, MetaData, Sequence, Table, Text

from storage.catalogue.tables import SCHEMA

metadata = MetaData(schema=SCHEMA)

turns = Sequence("turns", metadata=metadata, schema="comparing")

epoch = Table(
    "epoch",
    metadata,
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
)

compared = Table(
    "compared",
    metadata,
    Column("turn", BigInteger, primary_key=True, autoincrement=False),
    Column("sha256", Text, primary_key=True),
    Index("compared_media", "sha256"),
)
