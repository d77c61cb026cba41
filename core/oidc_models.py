"""Sign-in through others: providers of OpenID Connect, and whose account is whose."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.constraints import means
from core.database import Base, Id, Moment


class OidcProvider(Base):
    """A provider people may sign in with. `secret` is the client's secret, sealed (`core.sealing`).

    `domains` keeps it to e-mail addresses of these domains; `new_role_id` is the role of accounts it makes for people
    who have none, none where it makes no accounts. `may_be_internal` lets it stand on this machine or network.
    """

    __tablename__ = "oidc_provider"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(80))
    issuer: Mapped[str] = mapped_column(String(300))
    client_id: Mapped[str] = mapped_column(String(300))
    secret: Mapped[str | None] = mapped_column(Text)
    domains: Mapped[list[str]] = mapped_column(ARRAY(String(200)))
    new_role_id: Mapped[int | None] = mapped_column(ForeignKey("role.id"))
    may_be_internal: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        UniqueConstraint("name"),
        UniqueConstraint("issuer"),
        CheckConstraint("new_role_id IS NULL OR cardinality(domains) > 0", name="new_users_by_domain"),
    )
    __mapper_args__ = {"version_id_col": version}

    @property
    def audit_label(self) -> str:
        return self.name


class OidcIdentity(Base):
    """This account is that subject of that issuer: how a provider's answer finds its user, whatever his e-mail is."""

    __tablename__ = "oidc_identity"
    __audited__ = False

    id: Mapped[Id]
    issuer: Mapped[str] = mapped_column(String(300))
    subject: Mapped[str] = mapped_column(String(255))
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    email: Mapped[str] = mapped_column(String(200))
    linked_at: Mapped[Moment]
    last_used_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("issuer", "subject"), UniqueConstraint("user_id", "issuer"))


class OidcState(Base):
    """A state that a provider has answered, so that the same answer is not taken twice; forgotten when it is too old to
    be taken at all."""

    __tablename__ = "oidc_state"
    __audited__ = False

    state_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    answered_at: Mapped[Moment]

    __table_args__ = (Index("ix_oidc_state_answered_at", "answered_at"),)


means("uq_oidc_provider_name", "duplicate_name", field="name")
means("uq_oidc_provider_issuer", "duplicate_issuer", field="issuer")
means("uq_oidc_identity_issuer_subject", "done_meanwhile")
means("uq_oidc_identity_user_id_issuer", "done_meanwhile")
