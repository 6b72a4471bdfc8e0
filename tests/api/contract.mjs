// Whether what the server sends fits the published schemas, by the facts of ../contract.
import fs from 'node:fs';

const facts = new Map();
for (const line of fs.readFileSync(new URL('../contract/contract.tsv', import.meta.url), 'utf8')
    .split('\n')) {
    const [kind, schema, name, types, required, nullable, words, inner] = line.split('\t');
    if (kind !== 'property') continue;
    if (!facts.has(schema)) facts.set(schema, new Map());
    const list = text => (text === '-' ? [] : text.split('|'));
    facts.get(schema).set(name, {
        types: types.split('|'), required: required === 'required',
        nullable: nullable === 'nullable', words: list(words), inner: list(inner),
    });
}

// Null where the schema does not say so, as recorded of the published service.
const NULLS = /^(List\w+\.(first_id|last_id)|RunObject\.instructions|OpenAIFile\.(expires_at|status_details)|VectorStoreObject\.(name|expires_after))$/;

function typeOf(value) {
    if (Array.isArray(value)) return 'array';
    if (value === null) return 'null';
    return Number.isInteger(value) ? 'integer' : typeof value;
}

/** The schema of a union that a value belongs to: the one whose words have its type. */
function choose(schemas, value) {
    if (schemas.length === 1) return schemas[0];
    return schemas.find(schema => facts.get(schema).get('type')?.words.includes(value?.type));
}

function checkValue(fact, value, where, problems) {
    const type = typeOf(value);
    const fits = fact.types.includes(type) || (type === 'integer' && fact.types.includes('number'));
    if (!fits) problems.push(`${where} is ${type}, not ${fact.types.join(' or ')}`);
    if (type === 'string' && fact.words.length && !fact.words.includes(value))
        problems.push(`${where} is '${value}', not one of ${fact.words.join(', ')}`);
    if (!fits || !fact.inner.length) return;
    const values = type === 'array' ? value : type === 'object' ? [value] : [];
    values.forEach((item, index) => {
        const schema = choose(fact.inner, item);
        const at = type === 'array' ? `${where}[${index}]` : where;
        if (!schema) problems.push(`${at} is of no known variant: ${JSON.stringify(item)}`);
        else checkObject(schema, item, at, problems);
    });
}

function checkObject(schema, object, where, problems) {
    if (typeOf(object) !== 'object') {
        problems.push(`${where} is no object`);
        return;
    }
    for (const [name, fact] of facts.get(schema)) {
        const value = object[name];
        if (value === undefined) {
            if (fact.required) problems.push(`${where}.${name} is missing`);
        } else if (value === null) {
            if (!fact.nullable && !NULLS.test(`${schema}.${name}`))
                problems.push(`${where}.${name} is null`);
        } else {
            checkValue(fact, value, `${where}.${name}`, problems);
        }
    }
}

/** What is wrong with an object of that schema, as sentences. */
export function misfits(schema, object) {
    const problems = [];
    if (!facts.has(schema)) throw new Error(`no schema ${schema}`);
    checkObject(schema, object, schema, problems);
    return problems;
}
