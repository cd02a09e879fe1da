// AG-UI's own client: says each of the arguments, answers an interrupt with yes, and prints what it heard as JSON.
const [, , modules, url, threadId, ...words] = process.argv;
const { HttpAgent } = require(`${modules}/@ag-ui/client`);

(async () => {
  const agent = new HttpAgent({ url, threadId });
  const heard = [];
  const listen = { onEvent: ({ event }) => { heard.push(event); } };
  for (const text of words) {
    agent.addMessage({ id: `${threadId}-${heard.length}`, role: "user", content: text });
    await agent.runAgent({}, listen);
    const outcome = heard[heard.length - 1].outcome;
    if (outcome?.type === "interrupt") {
      const resume = [{ interruptId: outcome.interrupts[0].id, status: "resolved", payload: "yes" }];
      await agent.runAgent({ resume }, listen);
    }
  }
  console.log(JSON.stringify({ heard, messages: agent.messages, state: agent.state }));
})().catch((error) => { console.error(error); process.exit(1); });
