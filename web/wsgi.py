"""Entry point of a WSGI server (`granian --interface wsgi web.wsgi:app`); the database comes by the environment."""

from core.config import load_settings
from core.database import Database, configure
from core.logging import configure_logging
from web.app import create_app

settings = load_settings()
configure_logging(settings.log_level, settings.log_format)
if settings.database_url:
    configure(Database(settings.database_url))
app = create_app(settings)
