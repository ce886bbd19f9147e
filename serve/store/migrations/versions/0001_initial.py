"""Create every table of the first release."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from serve.store.columns import Document, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:  # noqa: PLR0915 - one call per table and index, made by Alembic
    """Create the tables."""
    op.create_table(
        "access_log",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("api_key_id", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("department", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("alert_id", sa.String(length=40), nullable=False),
        sa.Column("tickets", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_log")),
    )
    op.create_index(op.f("ix_access_log_alert_id_at"), "access_log", ["alert_id", "at"], unique=False)
    op.create_index(op.f("ix_access_log_at"), "access_log", ["at"], unique=False)
    op.create_table(
        "alerts",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("kinds", Document, nullable=False),
        sa.Column("category1", sa.String(length=200), nullable=False),
        sa.Column("category2", sa.String(length=200), nullable=False),
        sa.Column("category", sa.String(length=200), nullable=False),
        sa.Column("area", sa.String(length=200), nullable=False),
        sa.Column("department", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=30), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("level_rank", sa.Integer(), nullable=False),
        sa.Column("level_rule", Document, nullable=False),
        sa.Column("sensitive", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("msg_type", sa.String(length=10), nullable=False),
        sa.Column("last_event", sa.Integer(), nullable=False),
        sa.Column("observed", sa.Integer(), nullable=False),
        sa.Column("callers", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Double(), nullable=True),
        sa.Column("upper", sa.Double(), nullable=True),
        sa.Column("p_value", sa.Double(), nullable=True),
        sa.Column("recurrence_days", sa.Double(), nullable=True),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("sentence_zh", sa.Text(), nullable=False),
        sa.Column("sentence_en", sa.Text(), nullable=False),
        sa.Column("window_start", sa.DateTime(), nullable=False),
        sa.Column("window_end", sa.DateTime(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("radius_km", sa.Double(), nullable=True),
        sa.Column("evidence", Document, nullable=False),
        sa.Column("past", Document, nullable=False),
        sa.Column("ticket_count", sa.Integer(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("seen_as_of", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("baseline", sa.Double(), nullable=True),
        sa.Column("held_by", sa.String(length=20), nullable=False),
        sa.Column("first_notified_at", UtcDateTime(), nullable=True),
        sa.Column("in_budget", sa.Boolean(), nullable=False),
        sa.Column("notified_at", UtcDateTime(), nullable=True),
        sa.Column("notified_tickets", sa.Integer(), nullable=False),
        sa.Column("acknowledged_at", UtcDateTime(), nullable=True),
        sa.Column("handled_at", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("ack_due_at", UtcDateTime(), nullable=True),
        sa.Column("handle_due_at", UtcDateTime(), nullable=True),
        sa.Column("dismissals", sa.Integer(), nullable=False),
        sa.Column("tickets_when_answered", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(length=30), nullable=False),
        sa.Column("outcome_due_at", UtcDateTime(), nullable=True),
        sa.Column("run_key", sa.String(length=200), nullable=False),
        sa.Column("as_of", UtcDateTime(), nullable=False),
        sa.Column("data_through", sa.DateTime(), nullable=True),
        sa.Column("generated_at", UtcDateTime(), nullable=False),
        sa.Column("model_version", sa.String(length=100), nullable=False),
        sa.Column("taxonomy_version", sa.String(length=100), nullable=False),
        sa.Column("calendar_version", sa.String(length=100), nullable=False),
        sa.Column("degraded", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_alerts")),
        sa.UniqueConstraint("id", name=op.f("uq_alerts_id")),
    )
    op.create_index(
        "ix_alerts_active_fingerprint",
        "alerts",
        ["fingerprint"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(op.f("ix_alerts_area_seq"), "alerts", ["area", "seq"], unique=False)
    op.create_index(op.f("ix_alerts_category_seq"), "alerts", ["category", "seq"], unique=False)
    op.create_index(
        op.f("ix_alerts_department_first_notified_at"), "alerts", ["department", "first_notified_at"], unique=False
    )
    op.create_index(op.f("ix_alerts_department_seq"), "alerts", ["department", "seq"], unique=False)
    op.create_index(
        op.f("ix_alerts_ended_at_level_rank_seq"), "alerts", ["ended_at", "level_rank", "seq"], unique=False
    )
    op.create_index(op.f("ix_alerts_outcome_due_at"), "alerts", ["outcome_due_at"], unique=False)
    op.create_index(op.f("ix_alerts_state_seq"), "alerts", ["state", "seq"], unique=False)
    op.create_index(op.f("ix_alerts_updated_at_seq"), "alerts", ["updated_at", "seq"], unique=False)
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("department", sa.String(length=200), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("key_hint", sa.String(length=16), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_keys_key_hash")),
    )
    op.create_table(
        "department_rules",
        sa.Column("department", sa.String(length=200), nullable=False),
        sa.Column("quiet_from", sa.Time(), nullable=True),
        sa.Column("quiet_to", sa.Time(), nullable=True),
        sa.Column("minimum_level", sa.String(length=10), nullable=False),
        sa.Column("weekly_budget", sa.Integer(), nullable=True),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("department", name=op.f("pk_department_rules")),
    )
    op.create_table(
        "detection_runs",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("as_of", UtcDateTime(), nullable=False),
        sa.Column("data_through", sa.DateTime(), nullable=True),
        sa.Column("generated_at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("kinds", Document, nullable=False),
        sa.Column("model_version", sa.String(length=100), nullable=False),
        sa.Column("taxonomy_version", sa.String(length=100), nullable=False),
        sa.Column("calendar_version", sa.String(length=100), nullable=False),
        sa.Column("snapshot", sa.Integer(), nullable=True),
        sa.Column("degraded", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_detection_runs")),
    )
    op.create_index(op.f("ix_detection_runs_as_of"), "detection_runs", ["as_of"], unique=False)
    op.create_table(
        "forecast_issues",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("freq", sa.String(length=4), nullable=False),
        sa.Column("as_of", UtcDateTime(), nullable=False),
        sa.Column("generated_at", UtcDateTime(), nullable=False),
        sa.Column("data_through", sa.DateTime(), nullable=False),
        sa.Column("model_name", sa.String(length=100), nullable=False),
        sa.Column("model_version", sa.String(length=100), nullable=False),
        sa.Column("taxonomy_version", sa.String(length=100), nullable=False),
        sa.Column("calendar_version", sa.String(length=100), nullable=False),
        sa.Column("snapshot", sa.Integer(), nullable=False),
        sa.Column("degraded", sa.String(length=500), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forecast_issues")),
        sa.UniqueConstraint("key", name=op.f("uq_forecast_issues_key")),
    )
    op.create_table(
        "forecast_overrides",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("freq", sa.String(length=4), nullable=False),
        sa.Column("unique_id", sa.String(length=400), nullable=False),
        sa.Column("ds", sa.DateTime(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("p10", sa.Double(), nullable=True),
        sa.Column("p90", sa.Double(), nullable=True),
        sa.Column("model_mean", sa.Double(), nullable=True),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forecast_overrides")),
    )
    op.create_index(
        op.f("ix_forecast_overrides_freq_ds_unique_id"), "forecast_overrides", ["freq", "ds", "unique_id"], unique=False
    )
    op.create_table(
        "idempotent_replies",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("api_key_id", sa.String(length=40), nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("reply", Document, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotent_replies")),
        sa.UniqueConstraint(
            "api_key_id", "idempotency_key", name=op.f("uq_idempotent_replies_api_key_id_idempotency_key")
        ),
    )
    op.create_index(op.f("ix_idempotent_replies_created_at"), "idempotent_replies", ["created_at"], unique=False)
    op.create_table(
        "job_runs",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("summary", Document, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_runs")),
    )
    op.create_index(op.f("ix_job_runs_key"), "job_runs", ["key"], unique=False)
    op.create_index(op.f("ix_job_runs_name_started_at"), "job_runs", ["name", "started_at"], unique=False)
    op.create_table(
        "model_versions",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("alias", sa.String(length=40), nullable=False),
        sa.Column("version", sa.String(length=100), nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("as_of", UtcDateTime(), nullable=True),
        sa.Column("trained_at", UtcDateTime(), nullable=False),
        sa.Column("promoted_at", UtcDateTime(), nullable=False),
        sa.Column("snapshot", sa.Integer(), nullable=True),
        sa.Column("taxonomy_version", sa.String(length=100), nullable=False),
        sa.Column("calendar_version", sa.String(length=100), nullable=False),
        sa.Column("metrics", Document, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", "alias", name=op.f("pk_model_versions")),
    )
    op.create_table(
        "registered_events",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("category", sa.String(length=200), nullable=False),
        sa.Column("district", sa.String(length=200), nullable=False),
        sa.Column("expected_change", sa.Double(), nullable=True),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registered_events")),
    )
    op.create_index(
        op.f("ix_registered_events_starts_on_ends_on"), "registered_events", ["starts_on", "ends_on"], unique=False
    )
    op.create_table(
        "reports",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("period", sa.String(length=20), nullable=False),
        sa.Column("format", sa.String(length=10), nullable=False),
        sa.Column("department", sa.String(length=200), nullable=False),
        sa.Column("path", sa.String(length=500), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("generated_at", UtcDateTime(), nullable=False),
        sa.Column("data_through", UtcDateTime(), nullable=True),
        sa.Column("degraded", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
        sa.UniqueConstraint(
            "kind", "period", "format", "department", name=op.f("uq_reports_kind_period_format_department")
        ),
    )
    op.create_index(op.f("ix_reports_generated_at"), "reports", ["generated_at"], unique=False)
    op.create_table(
        "route_corrections",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("alert_id", sa.String(length=40), nullable=False),
        sa.Column("category", sa.String(length=200), nullable=False),
        sa.Column("area", sa.String(length=200), nullable=False),
        sa.Column("sent_to", sa.String(length=200), nullable=False),
        sa.Column("suggested", sa.String(length=200), nullable=False),
        sa.Column("accepted_by", sa.String(length=200), nullable=False),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_route_corrections")),
    )
    op.create_index(
        op.f("ix_route_corrections_settled_at_category_area"),
        "route_corrections",
        ["settled_at", "category", "area"],
        unique=False,
    )
    op.create_table(
        "routes",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("category", sa.String(length=200), nullable=False),
        sa.Column("area", sa.String(length=200), nullable=False),
        sa.Column("department", sa.String(length=200), nullable=False),
        sa.Column("assisting", Document, nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_routes")),
    )
    op.create_index(op.f("ix_routes_category_area"), "routes", ["category", "area"], unique=False)
    op.create_table(
        "silences",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("category", sa.String(length=200), nullable=False),
        sa.Column("area", sa.String(length=200), nullable=False),
        sa.Column("department", sa.String(length=200), nullable=False),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("ended_early_by", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_silences")),
    )
    op.create_index(op.f("ix_silences_ends_at_starts_at"), "silences", ["ends_at", "starts_at"], unique=False)
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("audience", sa.String(length=200), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("config", Document, nullable=False),
        sa.Column("minimum_level", sa.String(length=10), nullable=False),
        sa.Column("kinds", Document, nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("paused_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
    )
    op.create_index(op.f("ix_subscriptions_audience_channel"), "subscriptions", ["audience", "channel"], unique=False)
    op.create_table(
        "alert_cells",
        sa.Column("alert_id", sa.String(length=40), nullable=False),
        sa.Column("unique_id", sa.String(length=400), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_alert_cells_alert_id")),
        sa.PrimaryKeyConstraint("alert_id", "unique_id", name=op.f("pk_alert_cells")),
    )
    op.create_index(op.f("ix_alert_cells_unique_id"), "alert_cells", ["unique_id"], unique=False)
    op.create_table(
        "alert_events",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("alert_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("actor_role", sa.String(length=20), nullable=False),
        sa.Column("department", sa.String(length=200), nullable=False),
        sa.Column("payload", Document, nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_alert_events_alert_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_alert_events")),
        sa.UniqueConstraint("alert_id", "number", name=op.f("uq_alert_events_alert_id_number")),
        sa.UniqueConstraint("id", name=op.f("uq_alert_events_id")),
    )
    op.create_index(op.f("ix_alert_events_kind_at"), "alert_events", ["kind", "at"], unique=False)
    op.create_table(
        "alert_parties",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("alert_id", sa.String(length=40), nullable=False),
        sa.Column("department", sa.String(length=200), nullable=False),
        sa.Column("part", sa.String(length=10), nullable=False),
        sa.Column("joined_at", UtcDateTime(), nullable=False),
        sa.Column("ack_due_at", UtcDateTime(), nullable=True),
        sa.Column("handle_due_at", UtcDateTime(), nullable=True),
        sa.Column("acked_at", UtcDateTime(), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("handled_at", UtcDateTime(), nullable=True),
        sa.Column("released_at", UtcDateTime(), nullable=True),
        sa.Column("ack_steps", sa.Integer(), nullable=False),
        sa.Column("handle_steps", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_alert_parties_alert_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_parties")),
    )
    op.create_index(op.f("ix_alert_parties_alert_id"), "alert_parties", ["alert_id"], unique=False)
    op.create_index(
        op.f("ix_alert_parties_department_released_at_alert_id"),
        "alert_parties",
        ["department", "released_at", "alert_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_alert_parties_released_at_acked_at_ack_due_at"),
        "alert_parties",
        ["released_at", "acked_at", "ack_due_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_alert_parties_released_at_handled_at_handle_due_at"),
        "alert_parties",
        ["released_at", "handled_at", "handle_due_at"],
        unique=False,
    )
    op.create_table(
        "alert_tickets",
        sa.Column("alert_id", sa.String(length=40), nullable=False),
        sa.Column("ticket", sa.String(length=300), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_alert_tickets_alert_id")),
        sa.PrimaryKeyConstraint("alert_id", "ticket", name=op.f("pk_alert_tickets")),
    )
    op.create_index(op.f("ix_alert_tickets_ticket"), "alert_tickets", ["ticket"], unique=False)
    op.create_table(
        "current_forecasts",
        sa.Column("freq", sa.String(length=4), nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("flipped_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["forecast_issues.id"], name=op.f("fk_current_forecasts_issue_id")),
        sa.PrimaryKeyConstraint("freq", name=op.f("pk_current_forecasts")),
    )
    op.create_table(
        "forecast_rows",
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("unique_id", sa.String(length=400), nullable=False),
        sa.Column("ds", sa.DateTime(), nullable=False),
        sa.Column("level", sa.String(length=40), nullable=False),
        sa.Column("category1", sa.String(length=200), nullable=False),
        sa.Column("category2", sa.String(length=200), nullable=False),
        sa.Column("category", sa.String(length=200), nullable=False),
        sa.Column("district", sa.String(length=200), nullable=False),
        sa.Column("department", sa.String(length=200), nullable=False),
        sa.Column("horizon", sa.Integer(), nullable=False),
        sa.Column("mean", sa.Double(), nullable=False),
        sa.Column("p10", sa.Double(), nullable=False),
        sa.Column("p50", sa.Double(), nullable=False),
        sa.Column("p90", sa.Double(), nullable=False),
        sa.Column("last_year", sa.Double(), nullable=True),
        sa.Column("base_model", sa.String(length=100), nullable=False),
        sa.Column("usual_level", sa.Double(), nullable=True),
        sa.Column("season", sa.Double(), nullable=True),
        sa.Column("holiday", sa.Double(), nullable=True),
        sa.Column("weather", sa.Double(), nullable=True),
        sa.Column("event", sa.Double(), nullable=True),
        sa.Column("recent_change", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["forecast_issues.id"], name=op.f("fk_forecast_rows_issue_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("issue_id", "unique_id", "ds", name=op.f("pk_forecast_rows")),
    )
    op.create_index(
        op.f("ix_forecast_rows_issue_id_category_ds"), "forecast_rows", ["issue_id", "category", "ds"], unique=False
    )
    op.create_index(
        op.f("ix_forecast_rows_issue_id_district_ds"), "forecast_rows", ["issue_id", "district", "ds"], unique=False
    )
    op.create_index(
        op.f("ix_forecast_rows_issue_id_level_ds"), "forecast_rows", ["issue_id", "level", "ds"], unique=False
    )
    op.create_table(
        "intake_records",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("run_key", sa.String(length=200), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("alert_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_key"], ["detection_runs.key"], name=op.f("fk_intake_records_run_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intake_records")),
        sa.UniqueConstraint("run_key", "fingerprint", name=op.f("uq_intake_records_run_key_fingerprint")),
    )
    op.create_index(op.f("ix_intake_records_alert_id"), "intake_records", ["alert_id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("csrf_token", sa.String(length=64), nullable=False),
        sa.Column("api_key_id", sa.String(length=40), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["api_key_id"], ["api_keys.id"], name=op.f("fk_sessions_api_key_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sessions_token_hash")),
    )
    op.create_index(op.f("ix_sessions_api_key_id"), "sessions", ["api_key_id"], unique=False)
    op.create_table(
        "supervision_orders",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("alert_id", sa.String(length=40), nullable=False),
        sa.Column("department", sa.String(length=200), nullable=False),
        sa.Column("issued_by", sa.String(length=200), nullable=False),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("demand", sa.Text(), nullable=False),
        sa.Column("reminded_at", UtcDateTime(), nullable=True),
        sa.Column("answered_by", sa.String(length=200), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_supervision_orders_alert_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_orders")),
    )
    op.create_index(op.f("ix_supervision_orders_alert_id"), "supervision_orders", ["alert_id"], unique=False)
    op.create_index(
        op.f("ix_supervision_orders_answered_at_due_at"), "supervision_orders", ["answered_at", "due_at"], unique=False
    )
    op.create_index(
        op.f("ix_supervision_orders_department_issued_at"),
        "supervision_orders",
        ["department", "issued_at"],
        unique=False,
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("alert_id", sa.String(length=40), nullable=False),
        sa.Column("event_id", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=30), nullable=False),
        sa.Column("msg_type", sa.String(length=10), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("audience", sa.String(length=200), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("body", Document, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("not_before", UtcDateTime(), nullable=False),
        sa.Column("expanded_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_outbox_alert_id")),
        sa.ForeignKeyConstraint(["event_id"], ["alert_events.id"], name=op.f("fk_outbox_event_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("event_id", "audience", "channel", name=op.f("uq_outbox_event_id_audience_channel")),
    )
    op.create_index(op.f("ix_outbox_alert_id"), "outbox", ["alert_id"], unique=False)
    op.create_index(op.f("ix_outbox_expanded_at_not_before"), "outbox", ["expanded_at", "not_before"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("outbox_id", sa.String(length=40), nullable=False),
        sa.Column("subscription_id", sa.String(length=40), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("response_code", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("digest_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name=op.f("fk_deliveries_outbox_id")),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscriptions.id"], name=op.f("fk_deliveries_subscription_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint(
            "outbox_id", "subscription_id", "attempt", name=op.f("uq_deliveries_outbox_id_subscription_id_attempt")
        ),
    )
    op.create_index(op.f("ix_deliveries_status_due_at"), "deliveries", ["status", "due_at"], unique=False)
    op.create_index(op.f("ix_deliveries_subscription_id"), "deliveries", ["subscription_id"], unique=False)


def downgrade() -> None:  # noqa: PLR0915 - the same
    """Drop the tables."""
    op.drop_index(op.f("ix_deliveries_subscription_id"), table_name="deliveries")
    op.drop_index(op.f("ix_deliveries_status_due_at"), table_name="deliveries")
    op.drop_table("deliveries")
    op.drop_index(op.f("ix_outbox_expanded_at_not_before"), table_name="outbox")
    op.drop_index(op.f("ix_outbox_alert_id"), table_name="outbox")
    op.drop_table("outbox")
    op.drop_index(op.f("ix_supervision_orders_department_issued_at"), table_name="supervision_orders")
    op.drop_index(op.f("ix_supervision_orders_answered_at_due_at"), table_name="supervision_orders")
    op.drop_index(op.f("ix_supervision_orders_alert_id"), table_name="supervision_orders")
    op.drop_table("supervision_orders")
    op.drop_index(op.f("ix_sessions_api_key_id"), table_name="sessions")
    op.drop_table("sessions")
    op.drop_index(op.f("ix_intake_records_alert_id"), table_name="intake_records")
    op.drop_table("intake_records")
    op.drop_index(op.f("ix_forecast_rows_issue_id_level_ds"), table_name="forecast_rows")
    op.drop_index(op.f("ix_forecast_rows_issue_id_district_ds"), table_name="forecast_rows")
    op.drop_index(op.f("ix_forecast_rows_issue_id_category_ds"), table_name="forecast_rows")
    op.drop_table("forecast_rows")
    op.drop_table("current_forecasts")
    op.drop_index(op.f("ix_alert_tickets_ticket"), table_name="alert_tickets")
    op.drop_table("alert_tickets")
    op.drop_index(op.f("ix_alert_parties_released_at_handled_at_handle_due_at"), table_name="alert_parties")
    op.drop_index(op.f("ix_alert_parties_released_at_acked_at_ack_due_at"), table_name="alert_parties")
    op.drop_index(op.f("ix_alert_parties_department_released_at_alert_id"), table_name="alert_parties")
    op.drop_index(op.f("ix_alert_parties_alert_id"), table_name="alert_parties")
    op.drop_table("alert_parties")
    op.drop_index(op.f("ix_alert_events_kind_at"), table_name="alert_events")
    op.drop_table("alert_events")
    op.drop_index(op.f("ix_alert_cells_unique_id"), table_name="alert_cells")
    op.drop_table("alert_cells")
    op.drop_index(op.f("ix_subscriptions_audience_channel"), table_name="subscriptions")
    op.drop_table("subscriptions")
    op.drop_index(op.f("ix_silences_ends_at_starts_at"), table_name="silences")
    op.drop_table("silences")
    op.drop_index(op.f("ix_routes_category_area"), table_name="routes")
    op.drop_table("routes")
    op.drop_index(op.f("ix_route_corrections_settled_at_category_area"), table_name="route_corrections")
    op.drop_table("route_corrections")
    op.drop_index(op.f("ix_reports_generated_at"), table_name="reports")
    op.drop_table("reports")
    op.drop_index(op.f("ix_registered_events_starts_on_ends_on"), table_name="registered_events")
    op.drop_table("registered_events")
    op.drop_table("model_versions")
    op.drop_index(op.f("ix_job_runs_name_started_at"), table_name="job_runs")
    op.drop_index(op.f("ix_job_runs_key"), table_name="job_runs")
    op.drop_table("job_runs")
    op.drop_index(op.f("ix_idempotent_replies_created_at"), table_name="idempotent_replies")
    op.drop_table("idempotent_replies")
    op.drop_index(op.f("ix_forecast_overrides_freq_ds_unique_id"), table_name="forecast_overrides")
    op.drop_table("forecast_overrides")
    op.drop_table("forecast_issues")
    op.drop_index(op.f("ix_detection_runs_as_of"), table_name="detection_runs")
    op.drop_table("detection_runs")
    op.drop_table("department_rules")
    op.drop_table("api_keys")
    op.drop_index(op.f("ix_alerts_updated_at_seq"), table_name="alerts")
    op.drop_index(op.f("ix_alerts_state_seq"), table_name="alerts")
    op.drop_index(op.f("ix_alerts_outcome_due_at"), table_name="alerts")
    op.drop_index(op.f("ix_alerts_ended_at_level_rank_seq"), table_name="alerts")
    op.drop_index(op.f("ix_alerts_department_seq"), table_name="alerts")
    op.drop_index(op.f("ix_alerts_department_first_notified_at"), table_name="alerts")
    op.drop_index(op.f("ix_alerts_category_seq"), table_name="alerts")
    op.drop_index(op.f("ix_alerts_area_seq"), table_name="alerts")
    op.drop_index(
        "ix_alerts_active_fingerprint",
        table_name="alerts",
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_table("alerts")
    op.drop_index(op.f("ix_access_log_at"), table_name="access_log")
    op.drop_index(op.f("ix_access_log_alert_id_at"), table_name="access_log")
    op.drop_table("access_log")
