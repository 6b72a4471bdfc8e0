// Whether replies fit what `treadle schema` prints. The harness checks every reply with it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import Ajv from 'ajv/dist/2020.js';

let loaded;

/** The document that the program under test prints, and a validator over it. */
export function description() {
    if (loaded) return loaded;
    const document = JSON.parse(execFileSync(process.env.TREADLE_BIN, ['schema'],
        { encoding: 'utf8', maxBuffer: 64 << 20 }));
    const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
    ajv.addSchema(document, 'treadle');
    const operations = [];
    for (const [path, methods] of Object.entries(document.paths))
        for (const [method, operation] of Object.entries(methods))
            operations.push({ ...operation, method: method.toUpperCase(), path,
                segments: path.split('/') });
    loaded = { document, ajv, operations };
    return loaded;
}

/** The operation for a method and a path below /v1: words win over parameters. */
export function findOperation(method, path) {
    const segments = path.split('?')[0].split('/');
    const parameters = operation => operation.segments.filter(word => word[0] === '{').length;
    return description().operations
        .filter(operation => operation.method === method
            && operation.segments.length === segments.length
            && operation.segments.every((word, i) => word === segments[i]
                || (word[0] === '{' && segments[i])))
        .sort((a, b) => parameters(a) - parameters(b))[0];
}

function problems(reference, value) {
    const { ajv } = description();
    const validate = ajv.getSchema(`treadle${reference}`)
        ?? ajv.compile({ $ref: `treadle${reference}` });
    return validate(value) ? []
        : validate.errors.map(error => `${error.instancePath || '/'} ${error.message}`);
}

/** What is wrong with a value that should be of that component, as sentences. */
export const misfitsComponent = (name, value) => problems(`#/components/schemas/${name}`, value);

/**
 * The reply ({status, json}) is one that the operation, named by its operationId, may give.
 * Anything but 2xx must be the error envelope.
 */
export function assertFits(operationId, reply) {
    const operation = description().operations.find(({ operationId: id }) => id === operationId);
    assert.ok(operation, `no operation ${operationId}`);
    const reference = reply.status < 300
        ? operation.responses['200'].content['application/json']?.schema.$ref
        : '#/components/schemas/ErrorResponse';
    if (!reference) return;
    const found = problems(reference, reply.json);
    assert.deepEqual(found, [], `${operationId} ${reply.status}: ${JSON.stringify(reply.json)}`);
}

/** The same for a reply to a request, whatever it was for. */
export function assertReplyFits(method, target, reply) {
    const [, path] = /^\/v1(\/[^?]*)/.exec(target) ?? [];
    const operation = path && findOperation(method, path);
    if (operation) assertFits(operation.operationId, reply);
    else if (reply.status >= 400) assert.deepEqual(misfitsComponent('ErrorResponse', reply.json), []);
}
