"""The reference page of the HTTP interface, made from its OpenAPI document: no script, nothing from elsewhere."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any


def draw_reference(document: Mapping[str, Any]) -> str:
    """An OpenAPI document → HTML."""
    info = document["info"]
    routes = "".join(
        _draw_route(method, path, route)
        for path, methods in document["paths"].items()
        for method, route in methods.items()
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(info['title'])}: HTTP</title>"
        '<link rel="stylesheet" href="/static/docs.css"></head><body><main>'
        f"<h1>{escape(info['title'])} {escape(info['version'])}: HTTP</h1><p>{escape(info.get('summary', ''))} "
        'The same as <a href="/openapi.json">OpenAPI</a>; <a href="/">the page</a>.</p>'
        f"{routes}</main></body></html>"
    )


def _draw_route(method: str, path: str, route: Mapping[str, Any]) -> str:
    words = escape(route.get("description") or route.get("summary", ""))
    parts = [f"<section><h2><code>{method.upper()} {escape(path)}</code></h2><p>{words}</p>"]
    parts += _draw_parameters(route)
    if "requestBody" in route:
        kinds = ", ".join(f"<code>{escape(kind)}</code>" for kind in route["requestBody"]["content"])
        parts.append(f"<p>Body: {kinds}</p>")
    parts += _draw_answers(route)
    return "".join([*parts, "</section>"])


def _draw_parameters(route: Mapping[str, Any]) -> Iterator[str]:
    parameters = route.get("parameters", ())
    if parameters:
        rows = ((item["name"], item["in"], item.get("description", "")) for item in parameters)
        yield _draw_table(("name", "in", "what it does"), rows)


def _draw_answers(route: Mapping[str, Any]) -> Iterator[str]:
    answers = route.get("responses", {})
    yield _draw_table(
        ("status", "when"), ((status, answer.get("description", "")) for status, answer in answers.items())
    )
    for status, answer in answers.items():
        for content in answer.get("content", {}).values():
            if "example" in content:
                told = escape(json.dumps(content["example"], indent=1, ensure_ascii=False))
                yield f"<details><summary>An example of {escape(status)}</summary><pre>{told}</pre></details>"


def _draw_table(heads: tuple[str, ...], rows: Any) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
