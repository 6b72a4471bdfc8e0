#!/usr/bin/env python3
"""Takes the facts that the tests need out of the published OpenAPI description.

usage: extract.py OPENAPI.json > contract.tsv

The rows of the table, parted by tabs:
  operation  METHOD  PATH  request schema  reply schema      ("-" for none)
  query      METHOD  PATH  name
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
        self.schemas = spec["components"]["schemas"]
        self.done = {}

    def branches(self, schema, name):
        """The plain schemas that a schema may stand for, each with its name."""
        if "$ref" in schema:
            target = schema["$ref"].rsplit("/", 1)[1]
            found = self.branches(self.schemas[target], target)
            if schema.get("nullable"):
                found = found + [(None, {"type": "null"})]
            return found
        parts = schema.get("oneOf") or schema.get("anyOf") or schema.get("allOf")
        if parts and not any(set(part) <= {"required"} for part in parts):
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


def main():
    with open(sys.argv[1], encoding="utf-8") as source:
        spec = json.load(source)
    facts, operations = Facts(spec), []
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            title = f"{method.upper()} {path}"
            request = operation.get("requestBody", {}).get("content", {}).get("application/json")
            reply = operation["responses"]["200"].get("content", {}).get("application/json")
            operations.append(("operation", method.upper(), path,
                               facts.body(request, title + " request") if request else "-",
                               facts.body(reply, title + " reply") if reply else "-"))
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "query":
                    operations.append(("query", method.upper(), path, parameter["name"]))
    sys.stdout.write(HEADER)
    for row in operations + [row for name in sorted(facts.done) for row in facts.done[name][1]]:
        print("\t".join(row))


if __name__ == "__main__":
    main()
