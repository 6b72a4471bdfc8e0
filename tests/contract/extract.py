#!/usr/bin/env python3
"""Takes the facts that the tests need out of the published OpenAPI descriptions.

usage: extract.py OPENAPI.json [WIDER.json 'METHOD PATH'...] > contract.tsv

All operations of the first description are taken, and those named of the second.

The rows of the table, parted by tabs:
  operation  METHOD  PATH  request schema  reply schema      ("-" for none)
  query      METHOD  PATH  name
  stream     METHOD  PATH  schema of the events of a reply that is no union of them
  event      NAME  schema                                    ("-" where it is no object)
  property   SCHEMA  name  JSON types  required|optional  nullable|-  words  schemas
Several of a kind are parted by "|". A schema without a name of its own is called after the
property that it belongs to ("RunObject.last_error"). Where a property is an object or an array of
objects, its last column names the schemas of these; more than one make a union.
"""
import json
import sys

HEADER = """\
# Facts of the published Assistants API, made by extract.py from its OpenAPI description, which is
# under the MIT licence, Copyright (c) OpenAI (https://openai.com). Do not edit by hand.
"""


class Facts:
    def __init__(self, spec):
        self.spec = spec
        self.schemas = spec["components"]["schemas"]
        self.done = {}
        self.joined = {}

    def join(self, schema, parts):
        """The one object that an allOf of objects describes; None where it is none."""
        whole = {"type": "object", "properties": {}, "required": []}
        for part in parts:
            found = self.branches(part, None)
            if len(found) != 1 or "properties" not in found[0][1]:
                return None
            whole["properties"].update(found[0][1]["properties"])
            whole["required"] += found[0][1].get("required", [])
        return self.joined.setdefault(id(schema), whole)

    def branches(self, schema, name):
        """The plain schemas that a schema may stand for, each with its name."""
        if "$ref" in schema:
            target = schema["$ref"].rsplit("/", 1)[1]
            found = self.branches(self.schemas[target], target)
            if schema.get("nullable"):
                found = found + [(None, {"type": "null"})]
            return found
        parts = schema.get("oneOf") or schema.get("anyOf") or schema.get("allOf")
        whole = self.join(schema, parts) if len(schema.get("allOf", [])) > 1 else None
        if whole:
            found = [(name, whole)]
        elif parts and not any(set(part) <= {"required"} for part in parts):
            found = [branch for part in parts for branch in self.branches(part, name)]
        else:
            found = [(name, schema)] if schema.get("type") or "properties" in schema else []
        if schema.get("nullable"):
            found = found + [(None, {"type": "null"})]
        return found

    def property(self, schema, name):
        types, words, inner, nullable, free = [], [], [], False, False
        for own, branch in self.branches(schema, name):
            kind = branch.get("type", "object")
            if kind == "null":
                nullable = True
                continue
            if kind not in types:
                types.append(kind)
            if kind == "string":
                free = free or "enum" not in branch
                words += [w for w in branch.get("enum", []) if w not in words]
            if kind == "array":
                for item_name, item in self.branches(branch.get("items", {}), own + "[]"):
                    if "properties" in item:
                        inner.append(self.schema(item, item_name))
            if "properties" in branch:
                inner.append(self.schema(branch, own))
        # A list of words beside any string is only a suggestion.
        return types, [] if free else words, nullable, list(dict.fromkeys(inner))

    def schema(self, schema, name):
        base, number = name, 2
        # Two schemas of a union without names of their own must not become one.
        while name in self.done and self.done[name][0] is not schema:
            name, number = f"{base}#{number}", number + 1
        if name in self.done:
            return name
        rows = []
        self.done[name] = (schema, rows)
        required = schema.get("required", [])
        for key, value in schema["properties"].items():
            types, words, nullable, inner = self.property(value, f"{name}.{key}")
            rows.append(("property", name, key, "|".join(sorted(types)),
                         "required" if key in required else "optional",
                         "nullable" if nullable else "-", "|".join(sorted(words)) or "-",
                         "|".join(inner) or "-"))
        return name

    def body(self, content, name):
        found = [n for n, b in self.branches(content["schema"], name) if "properties" in b]
        for part, branch in self.branches(content["schema"], name):
            if "properties" in branch:
                self.schema(branch, part)
        return "|".join(found) or "-"


    def operations(self, wanted):
        """The rows of the operations, of those named alone when any are."""
        rows = []
        for path, methods in self.spec["paths"].items():
            for method, operation in methods.items():
                title = f"{method.upper()} {path}"
                if wanted and title not in wanted:
                    continue
                request = operation.get("requestBody", {}).get("content", {})
                reply = operation["responses"]["200"].get("content", {})
                rows.append(("operation", method.upper(), path,
                             self.media(request, "application/json", title + " request"),
                             self.media(reply, "application/json", title + " reply")))
                events = self.media(reply, "text/event-stream", title + " events")
                if events != "-" and "|" not in events:
                    rows.append(("stream", method.upper(), path, events))
                for parameter in operation.get("parameters", []):
                    if parameter["in"] == "query":
                        rows.append(("query", method.upper(), path, parameter["name"]))
        return rows

    def events(self):
        """The rows of the events of runs, where the description has any."""
        rows = []
        for name, event in self.branches(self.schemas.get("AssistantStreamEvent", {}), "event"):
            properties = event["properties"]
            word = properties["event"]["enum"][0]
            rows.append(("event", word, self.body({"schema": properties["data"]}, word)))
        return rows

    def media(self, content, kind, name):
        return self.body(content[kind], name) if kind in content else "-"


def main():
    operations, events, properties = [], [], {}
    for name, wanted in [(sys.argv[1], [])] + [(wider, sys.argv[3:]) for wider in sys.argv[2:3]]:
        with open(name, encoding="utf-8") as source:
            facts = Facts(json.load(source))
        operations += facts.operations(wanted)
        events += [] if wanted else facts.events()
        for name, (_, rows) in facts.done.items():
            if properties.setdefault(name, rows) != rows:
                raise SystemExit(f"the two descriptions differ in {name}")
    sys.stdout.write(HEADER)
    for row in operations + events + [row for name in sorted(properties) for row in properties[name]]:
        print("\t".join(row))


if __name__ == "__main__":
    main()
