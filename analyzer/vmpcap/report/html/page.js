"use strict";
/* Draws the charts from the page's own data, copies filters, opens everything for printing. */
(() => {
  const DATA = JSON.parse(document.getElementById("data").textContent);
  const charts = [];

  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const floats = (text) => Array.from(new Float32Array(bytes(text).buffer));
  const doubles = (text) => Array.from(new Float64Array(bytes(text).buffer));
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const seconds = (u, values) => values.map((v) => (Math.abs(v) < 1e-9 ? "0" : +v.toFixed(6)) + " s");
  const thousands = (v) => (v == null ? "" : v.toLocaleString("en", { maximumFractionDigits: v < 1 ? 3 : v < 10 ? 2 : 0 }));
  const named = (unit) => (u, v) => (v == null ? "" : thousands(v) + " " + unit);

  const axis = (more) => ({
    stroke: () => colour("quiet"),
    grid: { stroke: () => colour("line"), width: 1 },
    ticks: { stroke: () => colour("line"), width: 1 },
    font: "12px system-ui, sans-serif",
    ...more,
  });

  /* What stands behind the lines: phases and switchovers as bands, a limit as a dashed line, announcements as triangles. */
  const behind = (bands) => (u) => {
    const { ctx, bbox } = u;
    ctx.save();
    for (const [from, to, name, fill] of bands) {
      const a = u.valToPos(Math.max(from, u.scales.x.min), "x", true);
      const b = u.valToPos(Math.min(to, u.scales.x.max), "x", true);
      if (b <= a) continue;
      ctx.fillStyle = colour(fill);
      ctx.fillRect(a, bbox.top, Math.max(b - a, 1), bbox.height);
    }
    ctx.restore();
  };

  /* Letters with an edge of paper, so that lines behind them stay lines and letters stay letters. */
  const edged = (ctx, words, x, y, hue) => {
    ctx.lineJoin = "round";
    ctx.lineWidth = 3 * devicePixelRatio;
    ctx.strokeStyle = colour("panel");
    ctx.strokeText(words, x, y);
    ctx.fillStyle = colour(hue);
    ctx.fillText(words, x, y);
  };

  /* Words over a chart, under the row of triangles: each line has its own height. */
  const written = (u, words, x, nth, hue, align, weight) => {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.font = `${weight} ${11 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.textAlign = align;
    ctx.textBaseline = "top";
    edged(ctx, words, x, bbox.top + (12 + 15 * nth) * devicePixelRatio, hue);
    ctx.restore();
  };

  /* What the bands are called, where there is room. */
  const names = (bands) => (u) => {
    u.ctx.save();
    u.ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
    const placed = bands.map(([from, to, name]) => {
      const a = u.valToPos(Math.max(from, u.scales.x.min), "x", true), b = u.valToPos(Math.min(to, u.scales.x.max), "x", true);
      return [name, (a + b) / 2, b - a - 6 - u.ctx.measureText(name).width];
    });
    u.ctx.restore();
    for (const [name, x, room] of placed) if (room > 0) written(u, name, x, 0, "quiet", "center", "");
  };

  const level = (u, value, words, scale, nth = 0, hue = "limit") => {
    if (value == null || value < u.scales[scale].min) return;
    if (value > u.scales[scale].max) { if (scale === "y") above(u, words, hue); return; }
    const { ctx, bbox } = u;
    const upright = scale === "x";
    const at = u.valToPos(value, scale, true);
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = colour(hue);
    ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.beginPath();
    if (upright) { ctx.moveTo(at, bbox.top); ctx.lineTo(at, bbox.top + bbox.height); }
    else { ctx.moveTo(bbox.left, at); ctx.lineTo(bbox.left + bbox.width, at); }
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.font = `bold ${11 * devicePixelRatio}px system-ui, sans-serif`;
    const pad = 4 * devicePixelRatio, tall = 15 * devicePixelRatio, wide = ctx.measureText(words).width + 2 * pad;
    const right = bbox.left + bbox.width;
    const x = upright ? (at + pad + wide < right ? at + pad : at - pad - wide) : right - wide - pad;
    const y = upright ? bbox.top + pad + nth * (tall + 1) : Math.max(at - tall - pad, bbox.top);
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    edged(ctx, words, x + pad, y + tall / 2, hue);
    ctx.restore();
  };

  /* A level that lies far above all that is drawn: said at the upper edge. */
  const above = (u, words, hue) => {
    const right = u.bbox.left + u.bbox.width - 4 * devicePixelRatio;
    written(u, "\u2191 " + words + ", above this scale", right, 1, hue, "right", "bold");
  };

  const triangles = (u, marks) => {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.fillStyle = colour("rarp");
    for (const [at] of marks) {
      if (at < u.scales.x.min || at > u.scales.x.max) continue;
      const x = u.valToPos(at, "x", true), r = 5 * devicePixelRatio;
      ctx.beginPath();
      ctx.moveTo(x - r, bbox.top); ctx.lineTo(x + r, bbox.top); ctx.lineTo(x, bbox.top + 2 * r);
      ctx.fill();
    }
    ctx.restore();
  };

  /* Which values stand alone, so that no line leads through them? A line needs two: these are drawn as points. */
  const alone = (u, i) => {
    const values = u.data[i], found = [];
    if (u.series[i].spanGaps && values.filter((v) => v != null).length > 1) return found;
    values.forEach((v, at) => { if (v != null && values[at - 1] == null && values[at + 1] == null) found.push(at); });
    return found;
  };
  const line = (label, hue, more) => ({
    label, stroke: () => colour(hue), width: 1.5, spanGaps: false,
    points: { show: false, size: 7, fill: () => colour(hue), filter: more.paths ? undefined : alone }, ...more,
  });

  const KINDS = {
    goodput: (d) => {
      const g = d.goodput, at = doubles(g.at), rate = floats(g.mbps);
      const bands = g.phases.filter((p) => p[2] != null && p[3] != null && p[0] !== "switchover")
        .map(([kind, n, a, b]) => [a, b, `${kind} ${n}`, "phase"]);
      for (const [a, b] of g.switchovers) bands.push([a, b, "guest gone within", "gone"]);
      const last = at.length > 1 ? at[at.length - 1] + (at[1] - at[0]) : 1;
      const right = Math.max(last, g.until);
      const top = Math.max(...rate, g.limit != null && g.limit < 2 * Math.max(...rate) ? g.limit : 0);
      return {
        data: [at.concat([last, right * 1.01]), rate.concat([0, 0])],
        options: {
          scales: { x: { time: false }, y: { range: (u, lo, hi) => [0, Math.max(top, hi || 1) * 1.2] } },
          axes: [axis({ values: seconds, space: 72 }), axis({ values: (u, v) => v.map(thousands), size: 62, label: "Mbps", labelSize: 18, labelFont: "12px system-ui, sans-serif" })],
          series: [{ label: "from", value: (u, v) => (v == null ? "" : v.toFixed(3) + " s") },
            line("goodput", "bar", { fill: () => colour("phase"), paths: uPlot.paths.stepped({ align: 1 }), value: named("Mbps") })],
          hooks: {
            drawClear: [behind(bands)],
            draw: [names(bands), (u) => level(u, g.limit, g.limit + " Mbps needed", "y"), (u) => triangles(u, g.marks)],
          },
        },
      };
    },
    spread: (d) => histogram(d),
    share: (d) => shares(d),
    "over-time": (d) => {
      const o = d.over_time.filter((s) => s[0] != null && s[1] != null);
      const at = o.map((s) => (s[0] + s[1]) / 2);
      const resent = o.map((s) => (s[5] ? s[5] / 1000 : null));
      const again = resent.some((kb) => kb != null);
      const right = again ? [axis({ scale: "kb", side: 1, size: 62, label: "kB sent again", labelSize: 18, labelFont: "12px system-ui, sans-serif", grid: { show: false }, values: (u, v) => v.map(thousands) })] : [];
      const bars = again ? [line("sent again", "fail", { scale: "kb", fill: () => colour("gone"), paths: uPlot.paths.bars({ size: [0.8, 24] }), value: named("kB") })] : [];
      return {
        data: [at, o.map((s) => s[2]), o.map((s) => s[3]), o.map((s) => s[4]), ...(again ? [resent] : [])],
        options: {
          scales: { x: { time: false }, y: { range: (u, lo, hi) => [0, Math.max(hi || 0, d.rtt.limit || 0) * 1.1 || 1] }, kb: { range: (u, lo, hi) => [0, (hi || 0) * 3 || 1] } },
          axes: [axis({ values: seconds, space: 72 }), axis({ size: 62, label: "ms", labelSize: 18, labelFont: "12px system-ui, sans-serif", values: (u, v) => v.map((x) => +x.toFixed(3)) }), ...right],
          series: [{ label: "at", value: (u, v) => (v == null ? "" : v.toFixed(2) + " s") },
            line("shortest", "pass", { value: named("ms") }), line("median", "bar", { value: named("ms"), width: 2 }),
            line("longest", "quiet", { value: named("ms"), dash: [4, 3] }), ...bars],
          hooks: { draw: [(u) => level(u, d.rtt.limit, d.rtt.limit + " ms", "y")] },
        },
      };
    },
  };

  /* Each stretch of time in which something was sent again or late: a stroke from the lowest to the highest number of it. */
  const strokes = (u, one, hue) => {
    const { ctx, bbox } = u, wide = 3 * devicePixelRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.fillStyle = colour(hue);
    one.at.forEach((at, i) => {
      const x = u.valToPos(at, "x", true), top = u.valToPos(one.high[i] / 1e6, "y", true), end = u.valToPos(one.low[i] / 1e6, "y", true);
      const tall = Math.max(end - top, 2 * wide);
      ctx.fillRect(x - wide / 2, (top + end - tall) / 2, wide, tall);
    });
    ctx.restore();
  };

  KINDS.sequence = (d) => {
    const s = Object.fromEntries(Object.entries(d.sequence).map(([kind, one]) => [kind, Object.fromEntries(Object.entries(one).map(([name, text]) => [name, doubles(text)]))]));
    const x = [...new Set(Object.values(s).flatMap((one) => one.at))].sort((a, b) => a - b);
    const row = new Map(x.map((at, i) => [at, i]));
    const spread = (one, values, by = 1) => {
      const found = new Array(x.length).fill(null);
      one.at.forEach((at, i) => { found[row.get(at)] = values[i] / by; });
      return found;
    };
    const hidden = { scale: "n", paths: () => null };
    return {
      data: [x, spread(s.sent, s.sent.high, 1e6), spread(s.acked, s.acked.high, 1e6), spread(s.again, s.again.count), spread(s.late, s.late.count)],
      options: {
        scales: { x: { time: false }, y: { range: (u, lo, hi) => [Math.min(lo || 0, 0), (hi || 1) * 1.05] }, n: { range: () => [0, 1] } },
        axes: [axis({ values: seconds, space: 72 }), axis({ values: (u, v) => v.map(thousands), size: 62, label: "MB", labelSize: 18, labelFont: "12px system-ui, sans-serif" })],
        series: [{ label: "at", value: (u, v) => (v == null ? "" : v.toFixed(3) + " s") },
          line("sent to", "bar", { value: named("MB"), spanGaps: true }), line("acknowledged to", "pass", { value: named("MB"), spanGaps: true }),
          line("sent again", "fail", { ...hidden, value: named("segments") }), line("late", "garp", { ...hidden, value: named("segments") })],
        hooks: { draw: [(u) => strokes(u, s.late, "garp"), (u) => strokes(u, s.again, "fail")] },
      },
    };
  };

  /* Round durations from lo to hi on a scale of powers, as many as there is room for. */
  const steps = (lo, hi, room) => {
    for (const parts of [[1, 1.5, 2, 3, 4, 5, 6, 8], [1, 1.5, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1]]) {
      const found = [];
      for (let power = -6; power < 9; power++) for (const part of parts) {
        const at = part * 10 ** power;
        if (at >= lo && at <= hi) found.push(at);
      }
      if (found.length <= room || parts.length === 1) return found;
    }
    return [];
  };

  /* One kind of samples at the edges that all kinds share. */
  const spreadOf = (low, high, count, ofAll) => {
    const total = count.reduce((a, b) => a + b, 0) || 1;
    const x = [], y = [];
    low.forEach((from, i) => {
      if (i && from > high[i - 1] * 1.0001) { x.push(high[i - 1]); y.push(0); }
      x.push(from);
      y.push(ofAll ? (100 * count[i]) / total : count[i]);
    });
    x.push(high[high.length - 1]);
    y.push(0);
    return [x, y];
  };

  const histogram = (d) => {
    const r = d.rtt, low = floats(r.low), high = floats(r.high), count = floats(r.count);
    const kinds = [];
    if (r.apart) {
      const loaded = count.map((n, i) => n - r.apart[i]);
      if (loaded.some((n) => n)) kinds.push(["loaded", "bar", loaded]);
      if (r.apart.some((n) => n)) kinds.push(["idle", "pass", r.apart]);
    } else kinds.push(["samples", "bar", count]);
    const drawn = kinds.map((kind) => spreadOf(low, high, kind[2], Boolean(r.apart)));
    return overDurations(r, drawn[0][0], drawn.map((one) => one[1]), kinds, "from", r.apart ? "%" : "");
  };

  /* Steps: between two durations of which the share is known nobody knows it, but it is no less than at the first. */
  const shares = (d) => overDurations(d.rtt, doubles(d.rtt.shares.at), [doubles(d.rtt.shares.share)], [["share", "bar"]], "up to", "%");

  const overDurations = (r, x, columns, kinds, of, unit) => {
    const ends = [Math.max(Math.min(x[0], r.limit || Infinity) * 0.9, 1e-4), Math.max(x[x.length - 1], r.limit || 0) * 1.1];
    const isAll = (lo, hi) => lo == null || (lo <= x[0] && hi >= x[x.length - 1]);  /* else keys ask for a part */
    return {
      data: [x, ...columns],
      options: {
        scales: { x: { time: false, distr: 3, range: (u, lo, hi) => (isAll(lo, hi) ? ends : [Math.max(lo, ends[0]), Math.min(hi, ends[1])]) }, y: { range: of === "up to" ? () => [0, 128] : (u, lo, hi) => [0, (hi || 1) * 1.3] } },  /* room for the words of the levels */
        axes: [axis({ splits: (u, i, lo, hi) => steps(lo, hi, u.width / 75), filter: (u, v) => v, values: (u, v) => v.map((t) => +t.toPrecision(3) + " ms") }),
          axis({ size: 62, values: (u, v) => v.map((n) => (unit && n > 100 ? "" : thousands(n) + (unit && " " + unit))) })],
        series: [{ label: of, value: named("ms") },
          ...kinds.map(([name, hue]) => line(name, hue, { fill: () => colour(hue === "bar" ? "phase" : "idle"), paths: uPlot.paths.stepped({ align: 1 }), value: named(unit) }))],
        hooks: { draw: [(u) => level(u, r.limit, r.limit + " ms limit", "x"), (u) => level(u, r.idle, "idle path", "x", 1, "pass")] },
      },
    };
  };

  /* Keys of a chart: arrows move, + and - zoom, 0 shows all. What is shown then is said aloud. */
  const STEP = 0.2, CLOSER = 0.6;
  const byKeys = (holder, chart) => {
    const isLog = chart.scales.x.distr === 3, to = isLog ? Math.log : (v) => v, from = isLog ? Math.exp : (v) => v;
    const unit = isLog ? " ms" : " s", shown = () => [chart.scales.x.min, chart.scales.x.max].map(to);
    let full = [0, 1];
    queueMicrotask(() => { full = shown(); });  /* the chart has its scales when what it queued before is done */
    const heard = holder.parentElement.appendChild(document.createElement("p"));
    heard.className = "aloud";
    heard.setAttribute("role", "status");
    holder.setAttribute("role", "application");
    holder.setAttribute("aria-roledescription", "chart");
    holder.setAttribute("aria-keyshortcuts", "ArrowLeft ArrowRight + - 0");
    holder.tabIndex = 0;
    const show = (lo, hi) => {
      const wide = Math.min(hi - lo, full[1] - full[0]);
      const a = Math.min(Math.max(lo, full[0]), full[1] - wide);
      chart.setScale("x", { min: from(a), max: from(a + wide) });
      queueMicrotask(() => { heard.textContent = said(chart, from(a), from(a + wide), unit); });
    };
    const zoom = (by) => { const [a, b] = shown(), mid = (a + b) / 2, half = ((b - a) / 2) * by; show(mid - half, mid + half); };
    const move = (by) => { const [a, b] = shown(), step = (b - a) * by; show(a + step, b + step); };
    const keys = { ArrowLeft: () => move(-STEP), ArrowRight: () => move(STEP), "+": () => zoom(CLOSER), "=": () => zoom(CLOSER),
      "-": () => zoom(1 / CLOSER), _: () => zoom(1 / CLOSER), 0: () => show(...full), Home: () => show(...full) };
    holder.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || !Object.hasOwn(keys, event.key)) return;
      event.preventDefault();
      keys[event.key]();
    });
  };

  /* What a chart shows between two ends, in words: of each line the median and the most. */
  const said = (u, lo, hi, unit) => {
    const parts = [`${thousands(lo) || 0} to ${thousands(hi)}${unit}`];
    u.series.forEach((one, i) => {
      if (!i) return;
      const values = u.data[i].filter((v, at) => v != null && u.data[0][at] >= lo && u.data[0][at] <= hi).sort((a, b) => a - b);
      if (values.length) parts.push(`${one.label}: median ${one.value(u, values[values.length >> 1])}, most ${one.value(u, values[values.length - 1])}`);
    });
    return parts.join("; ");
  };

  const draw = (holder) => {
    const made = KINDS[holder.dataset.kind](DATA[holder.dataset.of]);
    const tall = holder.dataset.kind === "goodput" ? 300 : 250;
    const chart = new uPlot({ width: Math.max(holder.clientWidth - 2, 200), height: tall, cursor: { drag: { x: true, y: false } }, ...made.options }, made.data, holder);
    charts.push(chart);
    new ResizeObserver(() => chart.setSize({ width: Math.max(holder.clientWidth - 2, 200), height: tall })).observe(holder);
    holder.chart = chart;
    byKeys(holder, chart);
  };

  const copy = async (button) => {
    const text = button.parentElement.querySelector("code").textContent;
    let done = false;
    try { await navigator.clipboard.writeText(text); done = true; } catch {
      const range = document.createRange();
      range.selectNodeContents(button.parentElement.querySelector("code"));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      done = document.execCommand("copy");
    }
    button.textContent = done ? "copied" : "press Ctrl-C";
    setTimeout(() => { button.textContent = "copy"; }, 1500);
  };

  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.matches("button.copy")) copy(event.target);
  });
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    opened.forEach((d) => { d.open = true; });
  });
  addEventListener("afterprint", () => opened.forEach((d) => { d.open = false; }));
  for (const media of ["(prefers-color-scheme: dark)", "print"])
    matchMedia(media).addEventListener("change", () => charts.forEach((c) => c.redraw()));
  document.querySelectorAll(".chart").forEach(draw);
  document.documentElement.dataset.ready = "yes";
})();
