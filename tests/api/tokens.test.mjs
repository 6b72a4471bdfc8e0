// The estimate of tokens against a real tokenizer. It is seen through the usage of the built-in
// model, which counts by it alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tiktoken } from 'js-tiktoken/lite';
import o200k from 'js-tiktoken/ranks/o200k_base';
import { serve } from './harness.mjs';
import { code, languages } from './paragraphs.mjs';

const encoding = new Tiktoken(o200k);
const count = text => encoding.encode(text).length;

async function estimate(client, ...messages) {
    const answer = await client.chat.completions.create({ model: 'treadle-extractive', messages,
        max_tokens: 1 });
    return answer.usage.prompt_tokens;
}

const user = content => ({ role: 'user', content });

test('the estimate is near what a tokenizer counts', async t => {
    const { client } = await serve(t);
    const around = await estimate(client, user('a')) - 1;
    const off = [];
    for (const [name, text] of [...Object.entries(languages), ...Object.entries(code)]) {
        const bound = name === 'english' || name === 'letter' || name in code ? 0.25 : 0.4;
        const error = (await estimate(client, user(text)) - around) / count(text) - 1;
        if (Math.abs(error) > bound) off.push(`${name}: ${(100 * error).toFixed(0)} %`);
    }
    assert.deepEqual(off, []);
});

test('tools, calls and images are part of the estimate', async t => {
    const { client } = await serve(t);
    const asked = user('How is the weather in Leeds?');
    const parameters = { type: 'object', properties: { city: { type: 'string',
        description: 'The city, and its country where there are several of that name' } },
    required: ['city'] };
    const tools = [{ type: 'function', function: { name: 'weather_now', parameters,
        description: 'Tells the weather of a city, as it is now and in the next three hours.' } }];
    const plain = await estimate(client, asked);
    const { usage } = await client.chat.completions.create({ model: 'treadle-extractive', tools,
        messages: [asked], tool_choice: 'none' });
    const real = count(JSON.stringify(tools));
    assert.ok(Math.abs((usage.prompt_tokens - plain) / real - 1) < 0.25,
        `${usage.prompt_tokens - plain} for ${real}`);

    const call = { id: 'call_1', type: 'function', function: { name: 'weather_now',
        arguments: '{"city": "Leeds, United Kingdom"}' } };
    const called = await estimate(client, asked,
        { role: 'assistant', content: null, tool_calls: [call] });
    const least = count(call.function.name) + count(call.function.arguments);
    assert.ok(called - plain >= least && called - plain <= least + 15, `${called - plain}`);

    const url = `data:image/png;base64,${'A'.repeat(40000)}`;
    const seen = await estimate(client, user([{ type: 'text', text: asked.content },
        { type: 'image_url', image_url: { url } }, { type: 'image_url', image_url: { url } }]));
    assert.equal(seen - plain, 2 * 765);
    const word = await estimate(client, user('{"image_url": "x"}'));
    assert.ok(word < 30, `${word}`);
});
