// What the clients of several wires are asked in the same way.
import assert from "node:assert/strict";
import { generateText, Output, stepCountIs, streamText, tool } from "ai";
import { Agent, run, tool as agentTool } from "@openai/agents";
import { tool as chainTool } from "@langchain/core/tools";
import { z } from "zod";
import { check } from "./check.mjs";

globalThis.AI_SDK_LOG_WARNINGS = false;

export const text = "All is well. There is nothing else.", weather = "It is sunny in Rome. It rains in Oslo.";
const parameters = z.object({ city: z.string() });

// Vercel's AI SDK.
export async function aiSdk(name, model) {
  const asked = [];
  const tools = {
    weather: tool({ description: "the weather", inputSchema: parameters, execute: async ({ city }) => (asked.push(city), city === "Rome" ? "sun" : "rain") }),
  };
  await check(`${name}: text`, async () => {
    const result = await generateText({ model, system: "Be brief.", prompt: "Hello", maxRetries: 0 });
    assert.equal(result.text, text);
    assert.equal(result.usage.totalTokens, 15);
  });
  await check(`${name}: stream`, async () => {
    const result = streamText({ model, prompt: "Hello", maxRetries: 0 });
    let said = "";
    for await (const piece of result.textStream) said += piece;
    assert.equal(said, text);
    assert.equal(await result.finishReason, "stop");
  });
  await check(`${name}: tools over several steps`, async () => {
    const result = await generateText({ model, prompt: "What is the weather?", tools, stopWhen: stepCountIs(3), maxRetries: 0 });
    assert.equal(result.text, weather);
    assert.deepEqual(asked.splice(0).sort(), ["Oslo", "Rome"]);
  });
  await check(`${name}: tools in a stream`, async () => {
    const result = streamText({ model, prompt: "What is the weather?", tools, stopWhen: stepCountIs(3), maxRetries: 0, onError: ({ error }) => { throw error; } });
    let said = "";
    for await (const piece of result.textStream) said += piece;
    assert.equal(said, "I look." + weather);
    assert.deepEqual(asked.splice(0).sort(), ["Oslo", "Rome"]);
  });
  await check(`${name}: JSON`, async () => {
    const result = await generateText({ model, prompt: "Is it so?", output: Output.object({ schema: z.object({ answer: z.string() }) }), maxRetries: 0 });
    assert.deepEqual(result.output, { answer: "yes" });
  });
  await check(`${name}: a refusal`, async () => {
    const result = streamText({ model, prompt: "a forbidden thing", maxRetries: 0 });
    let said = "";
    for await (const piece of result.textStream) said += piece;
    assert.ok(!said.includes(text));
  });
}

// OpenAI's Agents.
export async function agents(name) {
  let asked = [];
  const agent = new Agent({
    name: "helper", instructions: "Be brief.", model: "ours",
    tools: [agentTool({ name: "weather", description: "the weather", parameters, execute: async ({ city }) => (asked.push(city), city === "Rome" ? "sun" : "rain") })],
  });
  await check(`${name}: a run with tools`, async () => {
    asked = [];
    const result = await run(agent, "What is the weather?");
    assert.equal(result.finalOutput, weather);
    assert.deepEqual(asked.sort(), ["Oslo", "Rome"]);
  });
  await check(`${name}: a streamed run with tools`, async () => {
    asked = [];
    const result = await run(agent, "What is the weather?", { stream: true });
    let said = "";
    for await (const piece of result.toTextStream()) said += piece;
    await result.completed;
    assert.equal(result.finalOutput, weather);
    assert.ok(said.endsWith(weather));
    assert.deepEqual(asked.sort(), ["Oslo", "Rome"]);
  });
}

// LangChain.
export async function langChain(name, model) {
  const bound = model.bindTools([chainTool(async () => "sun", { name: "weather", description: "the weather", schema: parameters })]);
  const cities = message => message.tool_calls.map(call => `${call.id} ${call.args.city}`);
  await check(`${name}: text`, async () => assert.equal((await model.invoke("Hello")).text, text));
  await check(`${name}: stream`, async () => {
    let said = "";
    for await (const piece of await model.stream("Hello")) said += piece.text;
    assert.equal(said, text);
  });
  await check(`${name}: tools`, async () => {
    assert.deepEqual(cities(await bound.invoke("What is the weather?")), ["call_a Rome", "call_b Oslo"]);
    let whole;
    for await (const piece of await bound.stream("What is the weather?")) whole = whole ? whole.concat(piece) : piece;
    assert.deepEqual(cities(whole), ["call_a Rome", "call_b Oslo"]);
  });
}
