"""The baseline: Starlette with nothing around it, served exactly as `registry serve` serves the registry."""

import argparse

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles


def bare_app(sizes: list[int], folder: str | None = None) -> Starlette:
    """GET /<size> answers that many bytes, GET /304 an empty 304, and any other path a file of `folder`."""
    files = [Mount("/", StaticFiles(directory=folder))] if folder else []
    return Starlette(routes=[*(_bytes_route(size) for size in sizes), Route("/304", _unchanged), *files])


def _bytes_route(size: int) -> Route:
    body = b"x" * size

    async def answer(_: Request) -> Response:
        return Response(body, media_type="application/json")

    return Route(f"/{size}", answer)


async def _unchanged(_: Request) -> Response:
    return Response(status_code=304)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("sizes", type=int, nargs="*")
    parser.add_argument("--folder")
    arguments = parser.parse_args()
    uvicorn.run(
        bare_app(arguments.sizes, arguments.folder),
        port=arguments.port,
        http="httptools",
        loop="uvloop",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
    )


if __name__ == "__main__":
    main()
