// Inside Airflow's frame the operating system's choice of light or dark may not be Airflow's: follow Airflow's.
const chosen = (() => {
  try {
    return window.localStorage.getItem("theme");
  } catch {
    return null;
  }
})();
if (chosen === "light" || chosen === "dark") {
  document.documentElement.dataset.theme = chosen;
}
