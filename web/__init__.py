"""Flask: pages, API, assets, worker and command line. Parses and renders; rules live in the domain packages."""
