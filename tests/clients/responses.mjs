// Clients of Responses against a running gateway: node responses.mjs BASE-URL KEY
import assert from "node:assert/strict";
import OpenAI from "openai";
import { createOpenAI } from "@ai-sdk/openai";
import { setDefaultOpenAIClient, setOpenAIAPI, setTracingDisabled } from "@openai/agents";
import { ChatOpenAI } from "@langchain/openai";
import { apiKey, base, check, end } from "./check.mjs";
import { agents, aiSdk, langChain, text } from "./shared.mjs";

const client = new OpenAI({ baseURL: `${base}/v1`, apiKey, maxRetries: 0 });
const tools = [{ type: "function", name: "weather", strict: false, parameters: { type: "object", properties: { city: { type: "string" } } } }];

await check("openai: text, and what goes on from it", async () => {
  const first = await client.responses.create({ model: "ours", input: "Hello" });
  assert.equal(first.output_text, text);
  assert.equal(first.usage.total_tokens, 15);
  assert.equal((await client.responses.create({ model: "ours", input: "More", previous_response_id: first.id })).output_text, text);
  assert.equal((await client.responses.retrieve(first.id)).output_text, text);
  await client.responses.delete(first.id);
  await assert.rejects(client.responses.create({ model: "ours", input: "More", previous_response_id: first.id }), OpenAI.BadRequestError);
});
await check("openai: stream", async () => {
  const final = await client.responses.stream({ model: "ours", input: "Hello" }).finalResponse();
  assert.equal(final.output_text, text);
});
await check("openai: reasoning and its summary in a stream", async () => {
  const raw = await client.responses.stream({ model: "ours", input: "think" }).finalResponse();
  assert.equal(raw.output[0].content[0].text, "I think about it.");
  const summed = await client.responses.stream({ model: "ours", input: "think", reasoning: { summary: "auto" } }).finalResponse();
  assert.equal(summed.output[0].summary[0].text, "I think about it.");
});
await check("openai: parallel tool calls in a stream", async () => {
  const final = await client.responses.stream({ model: "ours", input: "What is the weather?", tools }).finalResponse();
  assert.deepEqual(final.output.filter(item => item.type === "function_call").map(item => JSON.parse(item.arguments).city), ["Rome", "Oslo"]);
});
await check("openai: a refusal", async () => {
  const whole = await client.responses.create({ model: "ours", input: "a forbidden thing" });
  const streamed = await client.responses.stream({ model: "ours", input: "a forbidden thing" }).finalResponse();
  for (const refused of [whole, streamed]) assert.equal(refused.output[0].content[0].type, "refusal");
});
await check("openai: verdicts in the answer, whole and streamed", async () => {
  const moderation = { model: "omni-moderation-latest" };
  const whole = await client.responses.create({ model: "ours", input: "Hello", moderation });
  const streamed = await client.responses.stream({ model: "ours", input: "Hello", moderation }).finalResponse();
  for (const answer of [whole, streamed]) assert.deepEqual([answer.moderation.input.flagged, answer.moderation.output.flagged], [false, false]);
});
await aiSdk("ai + @ai-sdk/openai", createOpenAI({ baseURL: `${base}/v1`, apiKey }).responses("ours"));
setDefaultOpenAIClient(client);
setOpenAIAPI("responses");
setTracingDisabled(true);
await agents("@openai/agents");
const chain = { model: "ours", apiKey, maxRetries: 0, configuration: { baseURL: `${base}/v1` }, useResponsesApi: true };
await langChain("@langchain/openai", new ChatOpenAI(chain));
end("responses");
