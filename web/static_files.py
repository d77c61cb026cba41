"""Style sheet, scripts and icons: read once, named by content, compressed once, cached for ever by browsers."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import brotli
from flask import Flask, Response, abort, current_app, request

from web.compression import encoding_of
from web.permissions import PUBLIC, Area

FOLDER: Final = Path(__file__).parent / "assets"
SERVED: Final = {".css", ".js", ".svg"}
FOREVER: Final = "public, max-age=31536000, immutable"

area = Area("assets", __name__, url_prefix="/assets")


@dataclass(frozen=True, slots=True)
class Asset:
    """One served file: its hashed name, media type and the body in each encoding."""

    name: str
    hashed_name: str
    media_type: str
    bodies: dict[str, bytes]


def load_assets(folder: Path = FOLDER) -> dict[str, Asset]:
    """All servable files below the folder by their plain path."""
    assets = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in SERVED and path.is_file():
            name = path.relative_to(folder).as_posix()
            body = path.read_bytes()
            if path.suffix == ".css":
                body = _without_comments(body)
            mark = hashlib.sha256(body).hexdigest()[:12]
            hashed = f"{name.removesuffix(path.suffix)}.{mark}{path.suffix}"
            kind = "text/javascript" if path.suffix == ".js" else mimetypes.types_map[path.suffix]
            assets[name] = Asset(name, hashed, f"{kind}; charset=utf-8", _encoded(body))
    return assets


@cache
def _encoded(body: bytes) -> dict[str, bytes]:
    """A body in each encoding, made once in a process."""
    return {"": body, "gzip": gzip.compress(body, 9, mtime=0), "br": brotli.compress(body)}


def _without_comments(sheet: bytes) -> bytes:
    return re.sub(rb"(?m)^[ \t]+", b"", re.sub(rb"/\*.*?\*/\s*", b"", sheet, flags=re.S))


@area.route("/<path:hashed_name>", permission=PUBLIC)
def file(hashed_name: str) -> Response:
    """Serve one file by its hashed name; any other name is missing."""
    asset = current_app.extensions["assets_by_hash"].get(hashed_name)
    if asset is None:
        abort(404)
    encoding = encoding_of(request.accept_encodings) or ""
    response = Response(asset.bodies[encoding], content_type=asset.media_type)
    if encoding:
        response.headers["Content-Encoding"] = encoding
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = FOREVER
    return response


def asset_url(name: str) -> str:
    """Address of an asset, with its content in the name. Raises KeyError for a file that is not there."""
    asset: Asset = current_app.extensions["assets"][name]
    return f"{request.root_path}{area.url_prefix}/{asset.hashed_name}"  # by hand: icons stand on a page a hundred times


def install(app: Flask) -> None:
    """Read the files and offer `asset_url` to templates."""
    assets = load_assets()
    app.extensions["assets"] = assets
    app.extensions["assets_by_hash"] = {asset.hashed_name: asset for asset in assets.values()}
    app.jinja_env.globals["asset_url"] = asset_url
    app.register_blueprint(area)
