// Light or dark: as the system has it, until somebody says otherwise.

const KEY = "pointsman-playground-theme";
const system = matchMedia("(prefers-color-scheme: dark)");

/** Storage may be forbidden, as for pages that are opened as files. */
function stored() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function store(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Then it holds until the page is closed.
  }
}

/** Lets a button change between them; `changed` hears which it is. */
export function followTheme(button, changed) {
  let chosen = stored();
  const apply = () => {
    const theme = chosen ?? (system.matches ? "dark" : "light");
    document.documentElement.dataset.theme = theme;
    button.textContent = theme === "dark" ? "Light" : "Dark";
    button.setAttribute("aria-label", theme === "dark" ? "Switch to light colours" : "Switch to dark colours");
    changed(theme === "dark");
  };
  button.addEventListener("click", () => {
    chosen = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    store(chosen);
    apply();
  });
  system.addEventListener("change", apply);
  apply();
}
