// A Treadle before a model server that tests steer, and the few things that tests of runs begin with.
import { serve, until } from './harness.mjs';
import { modelServer } from './model_server.mjs';
import { stream } from './sse.mjs';

export const WEATHER = { type: 'function', function: { name: 'get_weather',
    description: 'The weather of a city.', parameters: { type: 'object', properties: {
        city: { type: 'string' } }, required: ['city'] } } };
export const CLOCK = { type: 'function', function: { name: 'get_time' } };
export const SEARCH = { type: 'file_search' };
export const ENDED = ['completed', 'cancelled', 'failed', 'expired', 'incomplete'];

export async function steered(t, { arguments: more = [], context, ...options } = {}) {
    const model = await modelServer(t, { context });
    const server = await serve(t,
        { arguments: ['--model-url', model.url, '--grace', '1', ...more], ...options });
    const { client } = server;
    const kit = { model, server, client };

    kit.assistant = async (extra = {}) => (await client.beta.assistants.create(
        { model: 'scripted-1', instructions: 'Answer.', tools: [WEATHER, CLOCK], ...extra })).id;
    kit.thread = async content => (await client.beta.threads.create(
        content === undefined ? {} : { messages: [{ role: 'user', content }] })).id;

    /** A run of a new thread with that message, as a stream. */
    kit.stream = async (content, { run = {}, assistant = {} } = {}) => {
        const thread = await kit.thread(content);
        return stream(server, 'POST', `/v1/threads/${thread}/runs`,
            { assistant_id: await kit.assistant(assistant), stream: true, ...run });
    };
    /** The same, not streamed: the run as it is when its reply comes. */
    kit.start = async (content, { run = {}, assistant = {} } = {}) =>
        client.beta.threads.runs.create(await kit.thread(content),
            { assistant_id: await kit.assistant(assistant), ...run });
    /** The run once it is in one of these states. */
    kit.reaches = (run, ...states) => until(`${run.id} is ${states}`, async () => {
        const now = await client.beta.threads.runs.retrieve(run.id, { thread_id: run.thread_id });
        if (ENDED.includes(now.status) && !states.includes(now.status))
            throw new Error(`${run.id} is ${now.status}: ${JSON.stringify(now.last_error)}`);
        return states.includes(now.status) && now;
    });
    /** Starts a run and waits until it ends or waits for outputs. */
    kit.run = async (content, options_ = {}) =>
        kit.reaches(await kit.start(content, options_), ...ENDED, 'requires_action');
    kit.submit = (run, outputs) => client.beta.threads.runs.submitToolOutputs(run.id,
        { thread_id: run.thread_id, tool_outputs: outputs });
    kit.submitStream = (run, outputs) => stream(server, 'POST',
        `/v1/threads/${run.thread_id}/runs/${run.id}/submit_tool_outputs`,
        { tool_outputs: outputs, stream: true });
    kit.steps = async run => (await client.beta.threads.runs.steps.list(run.id,
        { thread_id: run.thread_id, order: 'asc', limit: 100 })).data;
    kit.messages = async run => (await client.beta.threads.messages.list(run.thread_id,
        { order: 'asc', run_id: run.id })).data;
    return kit;
}

/** The calls that a run waits for. */
export const pending = run => run.required_action.submit_tool_outputs.tool_calls;

/** An output for each of them; `say` gives it for the name and the arguments. */
export const outputsFor = (run, say = name => `output of ${name}`) => pending(run).map(one =>
    ({ tool_call_id: one.id, output: say(one.function.name, one.function.arguments) }));

export const textOf = message => message.content.map(part => part.text?.value ?? part.refusal).join('');
