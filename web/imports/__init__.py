"""Bringing records in from files: the imports, their columns, reports, progress, results and undoing."""

from flask.blueprints import BlueprintSetupState

from web.permissions import Area

area = Area("imports", __name__, url_prefix="/imports")

from web.imports import files, sentences, views  # noqa: E402, F401


@area.record_once
def _names(state: BlueprintSetupState) -> None:
    """What templates of imports, and their macros, call by name."""
    state.app.jinja_env.globals.update(
        import_states=sentences.STATES,
        import_paused=sentences.PAUSED,
        import_kind=sentences.kind_title,
        import_field=sentences.field_label,
        import_reasons=sentences.reasons_text,
        import_row_state=sentences.row_state,
        import_built=sentences.built_text,
    )
