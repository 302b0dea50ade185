"""Tables of the schema `comparing`: which media have been compared, in which turn. Neither evidence nor derived.

They tell a worker's files of hashes (`storage.hash_index`) what they lack. Turns only grow, also over a rebuild; a
new epoch, drawn from the same sequence, says that what files hold no longer stands. Losing all of it costs one
derivation of the files.
"""

from sqlalchemy import BigInteger, Column, Index, MetaData, Sequence, Table, Text

SCHEMA = "comparing"
metadata = MetaData(schema=SCHEMA)

turns = Sequence("turns", metadata=metadata, schema=SCHEMA)

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
