"""What all tables share: the names of their constraints, and the type of a JSON column."""

from sqlalchemy import JSON, MetaData

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def json_column() -> JSON:
    """JSON as text in the order it was written; None is SQL's NULL."""
    return JSON(none_as_null=True)
