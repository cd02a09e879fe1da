/* The chat: one script, no framework, no build step.
 *
 *   <script src="https://…/widget.js" defer></script>                     a button that opens the chat, on any page
 *   <script src="https://…/widget.js" data-mode="page" defer></script>    the chat itself, as the page
 *
 * Everything lives in a shadow tree, so that the page's styles and the chat's do not meet. Whatever a customer, a
 * document or a model wrote is set as text (`textContent`), never as markup, and no link in it can be followed.
 */
(() => {
  "use strict";
  const script = document.currentScript;
  const base = new URL(script.src).origin;
  const isPage = script.dataset.mode === "page";
  const storageKey = `shopbot ${base}`;
  const LONGEST = 10000;
  const ICONS = {
    chat: "M4 5h16a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-8l-5 4v-4H4a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2z",
    close: "M6 6l12 12M18 6L6 18",
    again: "M4 12a8 8 0 1 0 3-6.2M4 4v5h5",
    save: "M12 4v11m-5-5l5 5 5-5M5 20h14",
    send: "M4 12h15m-6-6l6 6-6 6",
  };

  /* ---- small parts --------------------------------------------------------------------------------------------- */

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "onclick") element.addEventListener("click", value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== false && value != null) element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child != null));
    return element;
  }

  function icon(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    for (const [key, value] of Object.entries({
      viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "stroke-width": "2",
      "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true",
    })) svg.setAttribute(key, value);
    path.setAttribute("d", ICONS[name]);
    svg.append(path);
    return svg;
  }

  const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => (name in values ? values[name] : all));

  const memory = {};
  const kept = {
    read() {
      try { return JSON.parse(localStorage.getItem(storageKey)) || {}; } catch { return memory; }
    },
    write(changes) {
      Object.assign(memory, kept.read(), changes);
      try { localStorage.setItem(storageKey, JSON.stringify(memory)); } catch { /* kept as long as the page is open */ }
    },
  };

  /* ---- the server ---------------------------------------------------------------------------------------------- */

  async function call(path, { method = "GET", body, headers = {}, signal } = {}) {
    const { token } = kept.read();
    const sent = { ...headers };
    if (token && path !== "/conversations") sent.Authorization = `Bearer ${token}`;
    if (body !== undefined) sent["Content-Type"] = "application/json";
    return fetch(`${base}/api/v1${path}`, {
      method, headers: sent, body: body === undefined ? undefined : JSON.stringify(body), signal,
      credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer",
    });
  }

  /** The events of a stream, one after the other; ends when the connection does. */
  async function* events(response) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += value;
      for (let end; (end = text.search(/\r?\n\r?\n/)) >= 0;) {
        const event = { name: "message", data: "" };
        for (const line of text.slice(0, end).split(/\r?\n/)) {
          const [, field, content] = /^([^:]*):? ?(.*)$/.exec(line);
          if (field === "event") event.name = content;
          if (field === "data") event.data += content;
        }
        text = text.slice(end).replace(/^\r?\n\r?\n/, "");
        if (event.data) yield { name: event.name, data: JSON.parse(event.data) };
      }
    }
  }

  /* ---- the conversation ---------------------------------------------------------------------------------------- */

  class Chat {
    constructor(texts, style) {
      this.texts = texts;
      this.entries = new Map();
      this.last = 0;
      this.held = false;
      this.stream = null;
      this.build(style);
    }

    build(style) {
      const t = this.texts;
      this.host = make("div", { lang: t.lang, dir: t.dir });
      this.root = this.host.attachShadow({ mode: "open" });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(style);
      this.root.adoptedStyleSheets = [sheet];

      this.status = make("p", {}, t.subtitle);
      const button = (name, label, onclick) =>
        make("button", { class: "icon", type: "button", "aria-label": label, title: label, onclick }, icon(name));
      this.bar = make("div", { class: "bar", "aria-hidden": "true" });
      this.planText = make("p", { dir: "auto" });
      this.plan = make("section", { class: "plan", "aria-label": t.progress, hidden: true }, this.bar, this.planText);
      this.log = make("div", { class: "log", role: "log", "aria-label": t.log, "aria-live": "polite", tabindex: "0" });
      this.busy = make("div", { class: "busy", role: "status", hidden: true },
        make("span", { class: "dots", "aria-hidden": "true" }, make("i"), make("i"), make("i")), make("span"));
      this.offline = make("p", { class: "offline", role: "alert", hidden: true }, t.offline);
      this.input = make("textarea", { rows: "1", maxlength: LONGEST, "aria-label": t.input, placeholder: t.placeholder,
        dir: "auto", enterkeyhint: "send" });
      this.sendButton = make("button", { class: "send", type: "submit", "aria-label": t.send, title: t.send }, icon("send"));
      const form = make("form", {}, this.input, this.sendButton);
      form.addEventListener("submit", (event) => { event.preventDefault(); this.submit(); });
      this.input.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); this.submit(); }
      });
      this.input.addEventListener("input", () => this.grow());
      this.ask = make("div", { class: "ask", role: "alertdialog", "aria-label": t.start_over_ask, hidden: true },
        make("p", {}, t.start_over_ask), make("div", { class: "actions" },
          make("button", { class: "action main", type: "button", onclick: () => this.startOver() }, t.start_over_yes),
          make("button", { class: "action", type: "button", onclick: () => this.showAsk(false) }, t.start_over_no)));
      this.saved = make("p", { role: "status" });
      this.saving = make("div", { class: "ask", role: "dialog", "aria-label": t.save_how, hidden: true },
        make("p", {}, t.save_how), this.saved, make("div", { class: "actions" },
          make("button", { class: "action main", type: "button", onclick: () => this.saveTranscript() }, t.save_file),
          make("button", { class: "action", type: "button", onclick: () => this.mailTranscript() }, t.save_mail),
          make("button", { class: "action", type: "button", onclick: () => this.showAsk(false, this.saving) }, t.save_close)));
      this.panel = make(isPage ? "main" : "div", { class: "panel", "aria-label": t.title, role: isPage ? null : "dialog" },
        make("header", {}, make("div", { class: "avatar" }, icon("chat")),
          make("div", { class: "name" }, make("h2", {}, t.title), this.status),
          button("save", t.save, () => { this.saved.textContent = ""; this.showAsk(true, this.saving); }),
          button("again", t.start_over, () => this.showAsk(true)),
          isPage ? null : button("close", t.close, () => this.show(false))),
        this.plan, this.log, make("footer", {}, this.offline, this.ask, this.saving, form));
      this.panel.addEventListener("keydown", (event) => { if (event.key === "Escape" && !isPage) this.show(false); });
      this.launcher = isPage ? null
        : make("button", { class: "launcher", type: "button", "aria-expanded": "false", onclick: () => this.show(true) },
          icon("chat"), t.open);
      const frame = make("div", { class: isPage ? "page" : "widget", dir: t.dir }, this.launcher, this.panel);
      this.root.append(frame);
      document.body.append(this.host);
      this.panel.hidden = !isPage;
      this.welcome();
      if (isPage) this.start();
      else if (kept.read().open) this.show(true);
    }

    show(open) {
      this.panel.hidden = !open;
      this.launcher.hidden = open;
      this.launcher.setAttribute("aria-expanded", String(open));
      kept.write({ open });
      if (open) { this.start(); this.input.focus(); } else this.launcher.focus();
    }

    showAsk(open, ask = this.ask) {
      for (const other of [this.ask, this.saving]) other.hidden = other !== ask || !open;
      (open ? ask.querySelector("button") : this.input).focus();
    }

    welcome() {
      const t = this.texts;
      const starters = make("div", { class: "actions" }, ...t.starters.map((words) =>
        make("button", { class: "action", type: "button", onclick: () => this.send(words) }, words)));
      this.starters = starters;
      this.log.replaceChildren(make("p", { class: "notice" }, t.notice),
        make("article", { class: "entry bot" }, make("span", { class: "who" }, t.bot),
          make("div", { class: "bubble" }, make("p", {}, t.welcome)), starters), this.busy);
    }

    async start() {
      if (this.started) return;
      this.started = true;
      if (kept.read().id) this.listen();
      else this.sendAgain();
    }

    /** What has not arrived yet, once more: after a reload, and whenever the connection is back. */
    sendAgain() {
      for (const message of kept.read().outbox || []) this.deliver(message);
    }

    async startOver() {
      this.showAsk(false);
      this.stream?.abort();
      kept.write({ id: null, token: null, outbox: [] });
      this.entries.clear();
      this.last = 0;
      this.plan.hidden = true;
      this.setHeld(false);
      this.welcome();
      this.input.focus();
    }

    /* -- sending -- */

    grow() {
      this.input.style.height = "auto";
      this.input.style.height = `${this.input.scrollHeight + 2}px`;
    }

    submit() {
      const words = this.input.value.trim();
      if (!words) return;
      this.input.value = "";
      this.grow();
      this.send(words);
    }

    send(text, answer) {
      const message = { key: newId(), text, answer, seen: this.last };
      kept.write({ outbox: [...(kept.read().outbox || []), message] });
      return this.deliver(message);
    }

    /** Send until it has arrived; the same key is the same message, however often it is sent. */
    async deliver(message) {
      this.showEntry({ id: message.key, speaker: "customer", text: message.text, state: this.texts.sending });
      try {
        if (!kept.read().id) await this.begin();
        const { key, text, answer, seen } = message;
        const response = await call(`/conversations/${kept.read().id}/messages`, {
          method: "POST", headers: { "Idempotency-Key": key }, body: { text, answer, seen } });
        if (response.ok) { this.delivered(message); this.showEntry({ ...(await response.json()) }); return; }
        const problem = await response.json().catch(() => ({}));
        if (response.status === 401 || response.status === 404) { await this.expired(message); return; }
        if (response.status === 422 || response.status === 409) this.delivered(message);
        this.failed(message, problem.detail || this.texts.refused, response.status !== 422 && response.status !== 409);
      } catch {
        this.failed(message, this.texts.not_sent, true);
      }
    }

    delivered(message) {
      kept.write({ outbox: (kept.read().outbox || []).filter((other) => other.key !== message.key) });
    }

    failed(message, words, again) {
      const retry = again && make("button", { type: "button", onclick: () => this.deliver(message) }, this.texts.retry);
      this.showEntry({ id: message.key, speaker: "customer", text: message.text, state: words, bad: true, retry });
    }

    /** The session is over: go on in a new conversation with what was just said. */
    async expired(message) {
      if (message.renewed) { this.failed(message, this.texts.refused, false); return; }
      this.stream?.abort();
      kept.write({ id: null, token: null });
      await this.deliver({ ...message, answer: undefined, renewed: true });
    }

    async begin() {
      this.beginning ??= (async () => {
        const response = await call("/conversations", { method: "POST" });
        if (!response.ok) throw new Error(String(response.status));
        const { id, token } = await response.json();
        kept.write({ id, token });
        this.last = 0;
        this.listen();
      })().finally(() => { this.beginning = null; });
      return this.beginning;
    }

    /* -- listening -- */

    async listen() {
      this.stream?.abort();
      const stream = this.stream = new AbortController();
      for (let wait = 500; !stream.signal.aborted; wait = Math.min(wait * 2, 15000)) {
        try {
          const response = await call(`/conversations/${kept.read().id}/events`, {
            headers: { "Last-Event-ID": String(this.last) }, signal: stream.signal });
          if (response.status === 401 || response.status === 404) { kept.write({ id: null, token: null }); return; }
          if (response.ok) {
            this.offline.hidden = true;
            wait = 500;
            this.sendAgain();
            for await (const event of events(response)) this.hear(event);
          }
        } catch { /* tried again below */ }
        if (stream.signal.aborted) return;
        this.offline.hidden = false;
        await pause(wait * (0.75 + Math.random() / 2));
      }
    }

    hear({ name, data }) {
      if (name === "message") this.showEntry(data);
      else if (name === "token") this.showToken(data);
      else if (name === "state") { this.showBusy(data.busy ? data.doing || this.texts.thinking : ""); this.setHeld(data.held_by_person); if (data.plan) this.showPlan(data.plan, data.doing); }
      else if (name === "action") this.showBusy(data.doing);
      else if (name === "plan") this.showPlan(data.plan, data.doing);
    }

    setHeld(held) {
      if (held === undefined || held === this.held) return;
      this.held = held;
      this.status.textContent = held ? this.texts.held : this.texts.subtitle;
    }

    /* -- showing -- */

    showBusy(words) {
      this.busy.hidden = !words;
      this.busy.lastChild.textContent = words || "";
      this.scroll();
    }

    showPlan(steps, doing) {
      this.plan.hidden = !steps.length;
      this.bar.replaceChildren(...steps.map((step) => make("i", { class: step.done ? "done" : "" })));
      const count = steps.filter((step) => step.done).length;
      const next = steps.find((step) => !step.done);
      this.planText.textContent = `${count}/${steps.length}${next ? ` · ${next.step}` : ` · ${this.texts.done}`}`;
      if (doing && !this.busy.hidden) this.showBusy(doing);
    }

    showToken({ reply, text }) {
      const shown = this.entries.get(reply);
      if (shown?.final) return;
      const words = (shown?.words || "") + text;
      const element = shown?.element || this.place(make("article", { class: "entry bot" }), reply);
      element.replaceChildren(make("span", { class: "who" }, this.texts.bot), make("div", { class: "bubble" }, ...this.prose(words, {})));
      this.entries.set(reply, { element, words });
      this.scroll();
    }

    place(element, id, seq = Infinity) {
      const after = [...this.entries.values()].find((other) => (other.seq ?? Infinity) > seq);
      this.log.insertBefore(element, after ? after.element : this.busy);
      return element;
    }

    showEntry(entry) {
      const t = this.texts;
      const known = this.entries.get(entry.id);
      if (known?.final && !entry.seq) return;
      const name = entry.speaker === "notice" ? null : make("span", { class: "who" }, { customer: t.you, staff: t.staff }[entry.speaker] || t.bot);
      const element = known?.element || make("article");
      element.className = entry.speaker === "notice" ? "notice" : `entry ${entry.speaker}`;
      const body = entry.speaker === "customer" || entry.speaker === "notice"
        ? [entry.speaker === "notice" ? entry.text : make("div", { class: "bubble", dir: "auto" }, entry.text)]
        : this.replyParts(entry);
      const state = entry.state && make("p", { class: `state${entry.bad ? " bad" : ""}`, role: entry.bad ? "alert" : null }, entry.state, " ", entry.retry || "");
      element.replaceChildren(...[name, ...body, state].filter(Boolean));
      if (!known) this.place(element, entry.id, entry.seq);
      this.entries.set(entry.id, { element, final: Boolean(entry.seq), seq: entry.seq, entry });
      if (entry.seq) this.last = Math.max(this.last, entry.seq);
      if (entry.plan) this.showPlan(entry.plan);
      this.starters.hidden = true;
      this.retire(entry);
      this.scroll();
    }

    /** Only the newest words can be answered: buttons of earlier ones go. */
    retire(entry) {
      for (const { element, seq, entry: other } of this.entries.values()) {
        if (other && seq !== undefined && (!entry.seq || seq < entry.seq)) {
          for (const old of element.querySelectorAll("[data-once]")) old.remove();
        }
      }
    }

    replyParts(entry) {
      const passages = make("div");
      const parts = [make("div", { class: "bubble", dir: "auto" }, ...this.prose(entry.text, this.citations(entry, passages))), passages];
      if (entry.choices) parts.push(this.choices(entry.choices));
      if (entry.question) parts.push(this.question(entry.question));
      if (entry.label) parts.push(this.label(entry.label));
      return parts;
    }

    /** Paragraphs and lists, as text; [key] becomes a button where the reply brought that passage along. */
    prose(text, cited) {
      const blocks = [];
      for (const line of text.split("\n")) {
        const item = /^\s*[-•] (.*)$/.exec(line);
        const last = blocks[blocks.length - 1];
        if (item && last?.tagName === "UL") last.append(make("li", {}, ...this.inline(item[1], cited)));
        else if (item) blocks.push(make("ul", {}, make("li", {}, ...this.inline(item[1], cited))));
        else if (!line.trim()) blocks.push(null);
        else if (last?.tagName === "P") last.append("\n", ...this.inline(line, cited));
        else blocks.push(make("p", {}, ...this.inline(line, cited)));
      }
      return blocks.filter(Boolean);
    }

    inline(text, cited) {
      return text.split(/(\s*\[[^\]\s]+\])/).map((part) => {
        const key = /^\s*\[([^\]\s]+)\]$/.exec(part);
        return key && Object.hasOwn(cited, key[1]) ? cited[key[1]]() : part;
      });
    }

    citations(entry, place) {
      const cited = {};
      (entry.citations || []).forEach((citation, index) => {
        const passage = make("div", { class: "passage", hidden: true, dir: "auto" }, make("b", {}, citation.source || citation.key), citation.text || "");
        place.append(passage);
        cited[citation.key] = () => {
          const button = make("button", { class: "cite", type: "button", "aria-expanded": "false",
            "aria-label": fill(this.texts.source, { key: citation.key }), onclick: () => {
              passage.hidden = !passage.hidden;
              button.setAttribute("aria-expanded", String(!passage.hidden));
              if (!passage.hidden) passage.scrollIntoView({ block: "nearest" });
            } }, String(index + 1));
          return button;
        };
      });
      return cited;
    }

    question(id) {
      const t = this.texts;
      const group = make("div", { class: "actions", role: "group", "aria-label": t.question, "data-once": true });
      const press = (value, words) => {
        for (const button of group.children) button.disabled = true;
        this.send(words, { question: id, value });
        this.input.focus();
      };
      group.append(make("button", { class: "action main", type: "button", onclick: () => press("yes", t.agree_words) }, t.agree),
        make("button", { class: "action", type: "button", onclick: () => press("no", t.decline_words) }, t.decline));
      return group;
    }

    choices(names) {
      const t = this.texts;
      const boxes = names.map((name) => make("input", { type: "checkbox", value: name }));
      const send = make("button", { class: "action main", type: "button", disabled: true, onclick: () => {
        const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
        this.send(fill(t.choices_words, { items: chosen.join("; ") }));
        this.input.focus();
      } }, t.choose_send);
      const fields = make("fieldset", { "data-once": true }, make("legend", {}, t.choose),
        ...boxes.map((box) => make("label", { dir: "auto" }, box, box.value)), make("div", { class: "actions" }, send));
      fields.addEventListener("change", () => { send.disabled = !boxes.some((box) => box.checked); });
      return fields;
    }

    label({ return_id: id, tracking_code: tracking }) {
      const t = this.texts;
      const state = make("p", { class: "state bad", role: "alert", hidden: true }, t.label_failed);
      const open = async (view) => {
        const tab = view ? window.open("about:blank", "_blank") : null;
        state.hidden = true;
        try {
          const response = await call(`/conversations/${kept.read().id}/labels/${id}`, { method: "POST" });
          if (!response.ok) throw new Error(String(response.status));
          const url = new URL((await response.json()).url, base);
          if (tab) { url.searchParams.set("view", "1"); tab.opener = null; tab.location = url.href; return; }
          const link = make("a", { href: url.href, download: "" });
          document.body.append(link);
          link.click();
          link.remove();
        } catch { tab?.close(); state.hidden = false; }
      };
      return make("section", { class: "card", "aria-label": t.label }, make("h3", {}, t.label),
        make("p", {}, fill(t.label_text, { id, tracking: tracking || "–" })),
        make("div", { class: "actions" },
          make("button", { class: "action main", type: "button", onclick: () => open(false) }, t.label_download),
          make("button", { class: "action", type: "button", onclick: () => open(true) }, t.label_view)), state);
    }

    saveTranscript() {
      const t = this.texts;
      const lines = [...this.entries.values()].map(({ entry }) => entry).filter((entry) => entry?.seq)
        .map((entry) => `${{ customer: t.you, staff: t.staff, notice: "–" }[entry.speaker] || t.bot}: ${entry.text}`);
      const link = make("a", { href: URL.createObjectURL(new Blob([lines.join("\n\n")], { type: "text/plain" })), download: t.transcript });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    }

    async mailTranscript() {
      const t = this.texts;
      this.saved.textContent = t.sending;
      try {
        const response = await call(`/conversations/${kept.read().id}/transcript`, { method: "POST" });
        const told = await response.json();
        this.saved.textContent = response.ok ? fill(t.save_sent, { to: told.recipient }) : told.detail || t.refused;
      } catch { this.saved.textContent = t.not_sent; }
    }

    scroll() {
      this.log.scrollTop = this.log.scrollHeight;
    }
  }

  async function open() {
    for (let wait = 1000; ; wait = Math.min(wait * 2, 30000)) {
      try {
        const response = await call("/wording");
        if (response.ok) {
          const { texts, style } = await response.json();
          return new Chat(texts, style);
        }
      } catch { /* tried again */ }
      await pause(wait);
    }
  }
  open();
})();
