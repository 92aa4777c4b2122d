"use strict";
// Charts: every figure carries its data as JSON beside it. Colours of text and grid come from the style sheet, so light, dark and paper need no redrawing.
(() => {
  const axis = { automargin: true, zeroline: false, linecolor: "rgba(128,128,128,.5)", ticks: "", title: { standoff: 8 }, fixedrange: true };
  const base = {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", autosize: true, dragmode: false, hovermode: "closest",
    margin: { l: 44, r: 14, t: 12, b: 40 },
    font: { family: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Helvetica Neue', Arial, sans-serif", size: 12 },
    hoverlabel: { bgcolor: "#23282f", bordercolor: "#23282f", font: { color: "#f2f2f0", size: 12 } },
  };
  const merge = (under, over) => {
    const out = { ...under };
    for (const key of Object.keys(over ?? {})) {
      const both = over[key] && under[key] && typeof over[key] === "object" && !Array.isArray(over[key]);
      out[key] = both ? merge(under[key], over[key]) : over[key];
    }
    return out;
  };
  // On paper a chart must shrink with its column, and printing gives scripts no chance to redraw: a view box lets the style sheet scale it.
  const scalable = plot => {
    for (const svg of plot.querySelectorAll(".main-svg")) svg.setAttribute("viewBox", `0 0 ${svg.getAttribute("width")} ${svg.getAttribute("height")}`);
  };
  const draws = [];
  for (const holder of document.querySelectorAll("script[data-chart]")) {
    const figure = JSON.parse(holder.textContent);
    const plot = document.getElementById(holder.dataset.chart);
    const layout = merge(base, figure.layout);
    layout.xaxis = merge(axis, figure.layout.xaxis);
    layout.yaxis = merge(axis, figure.layout.yaxis);
    draws.push(Plotly.newPlot(plot, figure.data, layout, { displayModeBar: false, responsive: true, showTips: false }).then(() => {
      scalable(plot);
      plot.on("plotly_afterplot", () => scalable(plot));
    }));
  }
  Promise.all(draws).then(() => { document.documentElement.dataset.drawn = draws.length; });

  // Gallery: which pictures, and the blur.
  const buttons = [...document.querySelectorAll("[data-show]")];
  for (const button of buttons)
    button.addEventListener("click", () => {
      for (const one of buttons) one.setAttribute("aria-pressed", one === button);
      for (const item of document.querySelectorAll(".item")) item.hidden = button.dataset.show !== "all" && item.dataset.risk !== button.dataset.show;
    });
  const blur = document.getElementById("blur");
  const risky = [...document.querySelectorAll(".pixels.risky")];
  const reveal = image => { image.classList.add("seen"); image.removeAttribute("role"); image.removeAttribute("tabindex"); };
  blur?.addEventListener("change", () => {
    document.body.classList.toggle("blurred", blur.checked);
    for (const image of risky) {
      image.classList.remove("seen");
      if (blur.checked) { image.setAttribute("role", "button"); image.setAttribute("tabindex", "0"); } else reveal(image);
    }
  });
  for (const image of risky) {
    image.addEventListener("click", () => reveal(image));
    image.addEventListener("keydown", event => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); reveal(image); } });
  }

  // Navigation: mark the section that is being read.
  const links = new Map([...document.querySelectorAll("nav a")].map(link => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver(entries => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      for (const link of links.values()) link.removeAttribute("aria-current");
      links.get(entry.target.id)?.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-20% 0px -70% 0px" });
  for (const section of document.querySelectorAll("main section")) seen.observe(section);
})();
