// Random values, repeatable by a seed: what fits a JSON schema, and ways to spoil it.

/** A generator of numbers (xorshift32, seeded so that neighbouring seeds differ at once). */
export function randomOf(seed) {
    let state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ (seed >>> 13)) | 1;
    const next = () => {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        return state >>> 0;
    };
    for (let i = 0; i < 8; i++) next();
    const below = count => next() % count;
    return { below, chance: part => next() / 2 ** 32 < part, pick: list => list[below(list.length)] };
}

const WORDS = ['x', 'loom', 'Kette und Schuß', '織機', '😀', ' ', '"\\\n', 'a'.repeat(64), '0', 'null',
    '%s%n', '../..', '{"a":1}', '\u202e', 'é'];

/** What may stand in a path or a query where an id is expected; all encoded as it is sent. */
export const ODD_IDS = ['%2e%2e', '%2e', '..', '.', '%00', '%', '%zz', '%ff', '%c0%af', '%2f', '%5c',
    '%20', '%0d%0a', '%F0%9F%98%80', '%27%3b--', '%25', 'x'.repeat(3000), 'x'.repeat(7000), '*', '~',
    'null', '0', '-1', 'asst_', 'thread_000000000000000000000000', '%ed%a0%80', '%e2%80%ae', ';a=b',
    '@', ':', '$', '{id}', '[]', '|', '%7b'];

function text(random, schema) {
    const least = schema.minLength ?? 0;
    const most = Math.min(schema.maxLength ?? 40, 100000);
    if (schema.maxLength && most <= 1024 && random.chance(0.05)) return '😀'.repeat(most);
    const made = [...random.pick(WORDS).padEnd(least, 'z')].slice(0, most).join('');
    return made;
}

function number(random, schema) {
    const least = schema.minimum ?? -5;
    const most = schema.maximum ?? Math.max(least, 5) + 100;
    if (random.chance(0.2)) return random.pick([least, most]);
    const made = least + (most - least) * random.below(1001) / 1000;
    return schema.type === 'integer' ? Math.floor(made) : made;
}

function list(random, schema, make) {
    const least = schema.minItems ?? 0;
    const most = Math.min(schema.maxItems ?? 3, least + 3);
    return Array.from({ length: least + random.below(most - least + 1) }, () => make(schema.items ?? {}));
}

function object(random, schema, make) {
    const made = {};
    const required = schema.required ?? [];
    for (const [name, inner] of Object.entries(schema.properties ?? {}))
        if (required.includes(name) || random.chance(0.35)) made[name] = make(inner, name);
    const further = schema.additionalProperties;
    if (further && typeof further === 'object')
        for (let i = random.below(3); i > 0; i--) made[`k${i}`] = make(further);
    return made;
}

/**
 * A value that fits a schema of the document. `known(name)` may give the values that make sense for
 * a property of that name.
 */
export function example(random, document, schema, known = () => undefined, depth = 0) {
    const make = (inner, name) => {
        const useful = name && known(name);
        const plain = inner.anyOf?.find(one => one.type !== 'null') ?? inner;
        if (useful?.length && plain.type === 'array')
            return [random.pick(useful)];
        if (useful?.length && random.chance(0.95)) return random.pick(useful);
        return example(random, document, inner, known, depth + 1);
    };
    if (schema.$ref) {
        const target = schema.$ref.split('/').slice(1).reduce((at, key) => at[key], document);
        return example(random, document, target, known, depth);
    }
    if ('const' in schema) return schema.const;
    if (schema.enum) return random.pick(schema.enum);
    const variants = schema.anyOf ?? schema.oneOf ?? schema.allOf;
    if (variants)
        return example(random, document, random.pick(variants), known, depth + 1);
    const type = Array.isArray(schema.type) ? random.pick(schema.type) : schema.type;
    switch (type) {
    case 'string': return text(random, schema);
    case 'integer': case 'number': return number(random, { ...schema, type });
    case 'boolean': return random.chance(0.5);
    case 'null': return null;
    case 'array': return list(random, schema, make);
    case 'object': return object(random, schema, make);
    default: return random.pick(WORDS);
    }
}

const nested = (depth, inner) => JSON.parse('[{"a":'.repeat(depth) + JSON.stringify(inner)
    + '}]'.repeat(depth));

const STRANGERS = [null, true, false, 0, -1, 1.5, 2 ** 31, 2 ** 53, -(2 ** 63), 1e308, 5e-324, '', 'x', '0',
    'x'.repeat(300000), '\u0000', '\ud800', '\u007f', [], {}, [[]], [null], { type: 'nothing' },
    { type: null }, { type: 'text' }, { type: 'function' }, { type: 'file_search' }, { id: 1 },
    Array(200).fill('x'), Array(200).fill({}), nested(10, 1), nested(200, 'x'),
    Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`k${i}`, 'v']))];

/** Every place in a value: the object or array that holds it, and its key there. */
function places(value, found = []) {
    if (typeof value !== 'object' || !value) return found;
    for (const key of Object.keys(value)) {
        found.push([value, key]);
        places(value[key], found);
    }
    return found;
}

const NAMES = ['x', 'type', 'id', '', 'metadata', '__proto__', 'k'.repeat(70), 'é\n', 'stream', 'model'];

/** The same value with one difference; it may still fit. */
export function mutate(random, value) {
    const copy = structuredClone(value);
    const all = places(copy);
    if (!all.length || random.chance(0.05))
        return random.chance(0.3) ? structuredClone(random.pick(STRANGERS))
            : { ...copy, [random.pick(NAMES)]: 1 };
    const [holder, key] = random.pick(all);
    switch (random.below(5)) {
    case 0:
        if (Array.isArray(holder)) holder.splice(Number(key), 1);
        else delete holder[key];
        break;
    case 1:
        if (Array.isArray(holder)) holder.push(holder[key]);
        else Object.defineProperty(holder, random.pick(NAMES),
            { value: structuredClone(random.pick(STRANGERS)), enumerable: true, configurable: true });
        break;
    case 2: {
        const [other, at] = random.pick(all);
        holder[key] = structuredClone(other[at]);
        break;
    }
    default:
        holder[key] = structuredClone(random.pick(STRANGERS));
    }
    return copy;
}

/** JSON text spoilt so that it is none; always at least a byte. */
export function corrupt(random, value) {
    const bytes = Buffer.from(JSON.stringify(value));
    const at = 1 + random.below(Math.max(1, bytes.length - 1));
    const inserted = inner => Buffer.concat([bytes.subarray(0, 1), Buffer.from(inner, 'latin1'),
        bytes.subarray(1)]);
    switch (random.below(7)) {
    case 0: return bytes.subarray(0, Math.min(at, bytes.length - 1)); // an object is two at least
    case 1: return inserted(Object.keys(value).length ? '"\xff":1,' : '"\xff":1');
    case 2: return inserted(`"a":1,"a":1${Object.keys(value).length ? ',' : ''}`);
    case 3: return Buffer.concat([bytes, Buffer.from(random.pick(['}', ',', '\0', 'x', '{}', '[]']))]);
    case 4: return Buffer.concat([Buffer.from(random.pick(['\ufeff', '\0', 'x', ',', '[', '{'])), bytes]);
    case 5: return Buffer.from('['.repeat(50000));
    default: return inserted('"a":01,');
    }
}

/** A multipart body of these fields; a Buffer is a file. */
export function form(boundary, fields) {
    const parts = fields.map(([name, value]) => Buffer.concat([
        Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"`
            + `${Buffer.isBuffer(value) ? '; filename="a.txt"' : ''}\r\n\r\n`),
        Buffer.isBuffer(value) ? value : Buffer.from(String(value)), Buffer.from('\r\n')]));
    return Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]);
}
