"""Tables of the schema `ledger`: what people did and decided. Rows are appended and never changed.

The writer may insert and select, and triggers refuse every other statement to everyone, the owner included.
``custody`` is a chain (`storage.ledger.custody`); ``custody_objects`` says which entries the store has confirmed,
so an entry without such a row is still pending. ``sealed_objects`` are the sealed values of entries and the
batches that they name, byte for byte as the stores have them; ``batched`` says which rows are in which batch.
``time_attempts`` are failed requests for a timestamp; which timestamps are pending and which were obtained is
recorded in ``custody`` itself (`storage.deposit.timestamps`).
``checkpoints`` are those that the log's key has signed (`storage.log.signing`); ``checkpoint_deliveries`` says
what came of each attempt to bring one to an outlet (`storage.log.deliveries`). ``exhibits`` are numbers given once
(`storage.ledger.exhibits`), ``disclosures`` what was handed over (`storage.ledger.disclosures`).
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    func,
    literal_column,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

SCHEMA = "ledger"
metadata = MetaData(schema=SCHEMA)
TIME = TIMESTAMP(timezone=True)

custody = Table(
    "custody",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("previous", Text, unique=True, comment="digest of entry seq - 1; null of the first alone"),
    Column("event", Text, nullable=False, index=True),
    Column("subject_id", Text, nullable=False, index=True),
    Column("subject_digest", Text),
    Column("actor", Text, comment="null: sealed, and unknown_because says why it was not opened"),
    Column("at", TIME, nullable=False),
    Column("software", Text, nullable=False),
    Column("clock_source", Text, comment="null: unknown, and clock_reason says why"),
    Column("clock_offset_s", Float),
    Column("clock_reason", Text),
    Column("details", JSONB, nullable=False),
    Column("nonce", Text, comment="null: an entry of format 1"),
    Column("committed", JSONB(none_as_null=True), comment="commitments by the name of the value"),
    Column("values_digest", Text, comment="of the sealed object that holds values and salts"),
    Column("salts", JSONB(none_as_null=True), comment="null: not opened"),
    Column("unknown_because", Text, comment="why sealed values are not known; null where they are"),
    Index("custody_by_event_and_time", "event", "at"),
    Index(
        "custody_backfills",
        "subject_id",
        postgresql_where=literal_column("event = 'collection_started' AND details->>'lane' = 'backfill'"),
    ),
    Index(
        "custody_crawls_of_source",
        literal_column("(details ->> 'source_id'::text)"),
        "seq",
        postgresql_where=literal_column("event = 'collection_started'::text"),
    ),
    Index(
        "custody_labelled",
        literal_column("(details ->> 'source_id'::text)"),
        postgresql_where=literal_column(
            "event = ANY (ARRAY['collection_started'::text, 'deposited'::text]) "
            "AND COALESCE(details ->> 'access_label'::text, 'default'::text) <> 'default'::text"
        ),
    ),
)

sealed_objects = Table(
    "sealed_objects",
    metadata,
    Column("key", Text, primary_key=True),
    Column("seq", BigInteger, ForeignKey(custody.c.seq), nullable=False, index=True),
    Column("content", LargeBinary, nullable=False),
)

batched = Table(
    "batched",
    metadata,
    Column("kind", Text, primary_key=True, comment="requests or accesses"),
    Column("id", Text, primary_key=True),
    Column("seq", BigInteger, ForeignKey(custody.c.seq), nullable=False, index=True),
    Column("number", BigInteger, nullable=False, comment="which leaf of the batch, from 0"),
    Column("salt", Text, nullable=False, comment="of the commitment to the row"),
)

custody_objects = Table(
    "custody_objects",
    metadata,
    Column("seq", BigInteger, ForeignKey(custody.c.seq), primary_key=True, autoincrement=False),
    Column("store", Text, primary_key=True, comment="which store confirmed: primary, or a replica's name"),
    Column("key", Text, nullable=False),
    Column("object_version", Text, nullable=False),
)

time_attempts = Table(
    "time_attempts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", TIME, nullable=False),
    Column("seq", BigInteger, ForeignKey(custody.c.seq), nullable=False, comment="the entry that is owed a token"),
    Column("authority", Text, nullable=False),
    Column("problem", Text, nullable=False, comment="why no token could be had"),
    Index("time_attempts_of_entry", "seq", "authority", "at"),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False, comment="entries in the tree: 1 to size"),
    Column("origin", Text, nullable=False),
    Column("root", Text, nullable=False),
    Column("note", Text, nullable=False, comment="the signed note as it was signed"),
    Column("at", TIME, nullable=False, comment="when it was entered here"),
    Column("object_version", Text, nullable=False, comment="of log/checkpoints/<size>.txt in the first store"),
)

checkpoint_deliveries = Table(
    "checkpoint_deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", TIME, nullable=False),
    Column("size", BigInteger, ForeignKey(checkpoints.c.size), nullable=False),
    Column("outlet", Text, nullable=False),
    Column("problem", Text, comment="why it could not be delivered; null: it was"),
    Column("proof_key", Text, comment="what the outlet gave back, an object in the first store"),
    Column("proof_version", Text),
    Index("checkpoint_deliveries_of_outlet", "outlet", "size", "at"),
)

requests = Table(
    "requests",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", TIME, nullable=False),
    Column("actor", Text, nullable=False),
    Column("urls", JSONB, nullable=False),
    Column("reason", Text),
    Column("case_reference", Text),
    Column("access_label", Text, nullable=False, server_default="default"),
    Column("engine", Text, nullable=False, server_default="http"),
    Column("egress", Text, comment="null: directly"),
)

Index("requests_of_repeat", func.right(requests.c.id, 16))

repeats = Table(
    "repeats",
    metadata,
    Column("id", Text, primary_key=True),
    Column("custody_seq", BigInteger, ForeignKey(custody.c.seq), nullable=False, unique=True),
    Column("actor", Text, nullable=False),
    Column("urls", JSONB, nullable=False),
    Column("begun_at", TIME, nullable=False),
    Column("every_s", Integer, nullable=False),
    Column("until_at", TIME, nullable=False, comment="no turn is due from then on"),
    Column("reason", Text),
    Column("case_reference", Text),
    Column("access_label", Text, nullable=False),
    Column("engine", Text, nullable=False),
    Column("egress", Text, comment="null: directly"),
    Column("video", Boolean, nullable=False),
)

repeat_stops = Table(
    "repeat_stops",
    metadata,
    Column("repeat_id", Text, ForeignKey(repeats.c.id), primary_key=True),
    Column("custody_seq", BigInteger, ForeignKey(custody.c.seq), nullable=False, unique=True),
    Column("at", TIME, nullable=False),
    Column("actor", Text, nullable=False),
)

request_results = Table(
    "request_results",
    metadata,
    Column("id", Text, primary_key=True),
    Column("request_id", Text, nullable=False),
    Column("number", Integer, nullable=False, comment="which of the request's addresses, from 0"),
    Column("at", TIME, nullable=False),
    Column("crawl_id", Text),
    Column("capture_id", Text, comment="null: the page was not captured; problem says why"),
    Column("problem", Text),
    Column("details", JSONB, nullable=False),
    Index("request_results_of_request", "request_id", "number", "at"),
)

memberships = Table(
    "memberships",
    metadata,
    Column("custody_seq", BigInteger, ForeignKey(custody.c.seq), primary_key=True, autoincrement=False),
    Column("at", TIME, nullable=False),
    Column("actor", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("member", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("case_reference", Text, comment="null: a label of the watch-list, which is no case's"),
    Index("memberships_of_member", "member", "label", "custody_seq"),
)

exhibits = Table(
    "exhibits",
    metadata,
    Column("number", Text, primary_key=True),
    Column("custody_seq", BigInteger, ForeignKey(custody.c.seq), nullable=False),
    Column("at", TIME, nullable=False),
    Column("actor", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column(
        "subject_id", Text, nullable=False, unique=True, comment="id of a record or capture, or sha256 of a medium"
    ),
)

disclosures = Table(
    "disclosures",
    metadata,
    Column("custody_seq", BigInteger, ForeignKey(custody.c.seq), primary_key=True, autoincrement=False),
    Column("at", TIME, nullable=False),
    Column("actor", Text, nullable=False),
    Column("package_id", Text, nullable=False),
    Column("package_digest", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("request", Text, comment="of the recipient; null: on none"),
    Column("labels", JSONB, nullable=False, comment="access labels of what was handed over"),
    Column("selection", JSONB, nullable=False, comment="the frozen selection of which the package was built"),
    UniqueConstraint("package_id", "package_digest"),
    Index("disclosures_to", "recipient", "custody_seq"),
)

withdrawals = Table(
    "withdrawals",
    metadata,
    Column("custody_seq", BigInteger, ForeignKey(custody.c.seq), primary_key=True, autoincrement=False),
    Column("at", TIME, nullable=False),
    Column("actor", Text, comment="null: sealed, and no key is here that opens it; so are the words"),
    Column("event", Text, nullable=False),
    Column("subject_kind", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("reason", Text),
    Column("basis", Text),
    Column("second", Text, comment="of a proposal: who else is to confirm it"),
    Column("proposal", BigInteger, comment="the entry that is confirmed or declined; null of a beginning"),
    Index("withdrawals_of_subject", "subject_kind", "subject_id", "custody_seq"),
)

assessments = Table(
    "assessments",
    metadata,
    Column("custody_seq", BigInteger, ForeignKey(custody.c.seq), primary_key=True, autoincrement=False),
    Column("at", TIME, nullable=False),
    Column("actor", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("subject_kind", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("status", Text, nullable=False, comment="how the record or medium stands after this act"),
    Column("finding", Text, comment="what is proposed or confirmed; null of other acts"),
    Column("version_id", Text, comment="the wording that it is about; null of a medium"),
    Column("place", Text),
    Column("happened", Text, comment="when it happened, in the words of whoever found it out"),
    Column("method", Text),
    Column("note", Text),
    Column("proposal", BigInteger, comment="the entry that is confirmed, disputed or taken back"),
    Index("assessments_of_subject", "subject_kind", "subject_id", "custody_seq"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("custody_seq", BigInteger, ForeignKey(custody.c.seq), nullable=False, unique=True),
    Column("at", TIME, nullable=False),
    Column("actor", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("member", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("scopes", JSONB, nullable=False),
    Column("expires_at", TIME, nullable=False),
    Column("digest", Text, nullable=False, unique=True, comment="of the token itself, which is not kept"),
    Index("tokens_of_member", "member", "at"),
)

token_revocations = Table(
    "token_revocations",
    metadata,
    Column("token_id", Text, ForeignKey(tokens.c.id), primary_key=True),
    Column("custody_seq", BigInteger, ForeignKey(custody.c.seq), nullable=False, unique=True),
    Column("at", TIME, nullable=False),
    Column("actor", Text, nullable=False),
)

assertions = Table(
    "assertions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("subject_id", Text, nullable=False),
    Column("predicate", Text, nullable=False),
    Column("value", JSONB, nullable=False),
    Column("author", Text, nullable=False),
    Column("at", TIME, nullable=False),
    Column("evidence_ids", JSONB, nullable=False),
    Column("supersedes", Text, ForeignKey("ledger.assertions.id")),
    Index("assertions_of_subject", "subject_id", "predicate", "at"),
)

access_log = Table(
    "access_log",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", TIME, nullable=False, index=True),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject_id", Text),
    Column("details", JSONB, nullable=False),
    Index("token_uses", "subject_id", "at", postgresql_where=literal_column("action = 'token_used'")),
)
