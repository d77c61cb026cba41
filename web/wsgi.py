"""Entry point of a WSGI server: `granian --interface wsgi web.wsgi:app`."""

from web.app import create_app

app = create_app()
