// The official npm client against a running gateway: node openai.mjs BASE-URL KEY
import assert from "node:assert/strict";
import OpenAI from "openai";

const [base, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${base}/v1`, apiKey, maxRetries: 0 });
const ask = text => ({ model: "ours", messages: [{ role: "user", content: text }] });

const models = [];
for await (const model of client.models.list()) models.push(model.id);
assert.deepEqual(models, ["both", "ours"]);

const whole = await client.chat.completions.create(ask("Hello"));
assert.equal(whole.choices[0].message.content, "All is well.");
assert.equal(whole.usage.total_tokens, 15);

let text = "", usage;
for await (const chunk of await client.chat.completions.create({ ...ask("Hello"), stream: true, stream_options: { include_usage: true } })) {
  text += chunk.choices[0]?.delta.content ?? "";
  usage = chunk.usage ?? usage;
}
assert.equal(text, "All is well.");
assert.equal(usage.total_tokens, 15);

const refused = await client.chat.completions.create(ask("a forbidden thing"));
assert.equal(refused.choices[0].finish_reason, "content_filter");

const response = await client.responses.create({ model: "ours", input: "Hello", moderation: { model: "omni-moderation-latest" } });
assert.equal(response.output_text, "All is well.");
assert.equal(response.moderation.output.flagged, false);
assert.equal((await client.responses.stream({ model: "ours", input: "More", previous_response_id: response.id }).finalResponse()).output_text, "All is well.");
const held = await client.responses.create({ model: "ours", input: "a forbidden thing" });
assert.equal(held.output[0].content[0].type, "refusal");

const moderation = await client.moderations.create({ input: ["fine", "a forbidden thing"] });
assert.deepEqual(moderation.results.map(result => result.flagged), [false, true]);

await assert.rejects(client.chat.completions.create({ ...ask("Hello"), model: "nothing" }), error => error instanceof OpenAI.NotFoundError && error.code === "model_not_found");
await assert.rejects(client.chat.completions.create({ ...ask("Hello"), temperature: "hot" }), error => error instanceof OpenAI.BadRequestError && error.param === "temperature");
await assert.rejects(new OpenAI({ baseURL: `${base}/v1`, apiKey: "wrong", maxRetries: 0 }).models.list(), OpenAI.AuthenticationError);
console.log("all is well");
