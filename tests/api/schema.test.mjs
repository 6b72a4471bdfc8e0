// `treadle schema`: a valid OpenAPI document that lists what the published contract has.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fs from 'node:fs';
import path from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { request, root, run, serve } from './harness.mjs';
import { assertFits, description, findOperation } from './schema.mjs';

test('the document is valid OpenAPI 3.1', async () => {
    const { document } = description();
    const validator = new Validator();
    const result = await validator.validate(structuredClone(document));
    assert.equal(result.errors, undefined, JSON.stringify(result.errors)?.slice(0, 2000));
    assert.ok(result.valid);
    assert.equal(validator.version, '3.1');
});

test('the validator refuses what is none', async () => {
    const broken = structuredClone(description().document);
    delete broken.info.title;
    assert.equal((await new Validator().validate(broken)).valid, false);
});

test('every reference leads somewhere, and every schema compiles', () => {
    const { document, ajv } = description();
    const text = JSON.stringify(document);
    for (const [, reference] of text.matchAll(/"\$ref":"#\/components\/(\w+\/\w+)"/g)) {
        const [kind, name] = reference.split('/');
        assert.ok(document.components[kind]?.[name], reference);
    }
    for (const name of Object.keys(document.components.schemas))
        assert.equal(typeof ajv.compile({ $ref: `treadle#/components/schemas/${name}` }),
            'function');
});

test('every parameter of a path is declared, and every multipart body has parts', () => {
    for (const operation of description().operations) {
        const named = [...operation.path.matchAll(/\{(\w+)\}/g)].map(match => match[1]);
        const declared = operation.parameters.filter(parameter => parameter.in === 'path');
        assert.deepEqual(declared.map(parameter => parameter.name), named, operation.operationId);
        const form = operation.requestBody?.content['multipart/form-data'];
        if (form)
            assert.notDeepEqual(form.schema.properties, {}, operation.operationId);
    }
});

test('operations and their parameters are the published ones, or are marked', () => {
    const rows = fs.readFileSync(path.join(root, 'tests/contract/contract.tsv'), 'utf8')
        .split('\n').map(line => line.split('\t'));
    const published = new Set(rows.filter(([kind]) => kind === 'operation')
        .map(([, method, route]) => `${method} ${route}`));
    assert.equal(published.size, 53);
    for (const operation of description().operations) {
        const route = `${operation.method} ${operation.path}`;
        assert.equal(operation['x-treadle-extension'] ?? false, !published.has(route), route);
        const declared = operation.parameters.filter(parameter => parameter.in === 'query')
            .map(parameter => parameter.name);
        for (const [kind, method, where, name] of rows)
            if (kind === 'query' && `${method} ${where}` === route)
                assert.ok(declared.includes(name), `${route}?${name}`);
    }
});

test('members that the published contract does not have are marked', () => {
    const text = JSON.stringify(description().document.components.schemas);
    assert.match(text, /"page":\{[^{}]*("anyOf":\[[^\]]*\])?[^{}]*"x-treadle-extension":true/);
});

test('assertFits distinguishes what fits from what does not', async t => {
    const server = await serve(t);
    const list = await request(server, 'GET', '/v1/assistants');
    assertFits('listAssistants', list);
    assertFits('getThread', await request(server, 'GET', '/v1/threads/none'));
    assert.throws(() => assertFits('getThread', list));
    assert.throws(() => assertFits('listAssistants', { status: 404, json: {} }));
    assert.throws(() => assertFits('listAssistants',
        { status: 200, json: { ...list.json, more: 1 } }));
    assert.equal(findOperation('POST', '/threads/runs').operationId, 'createThreadAndRun');
});

test('it takes no arguments', async () => {
    assert.equal((await run(['schema', 'x'])).code, 2);
    assert.equal((await run(['schema', '--help'])).code, 0);
});
