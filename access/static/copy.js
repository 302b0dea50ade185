// Buttons that copy the text of an element; they are hidden where there is no script. Without the clipboard's
// permission, as in some frames, the text is selected for the reader to copy.
for (const button of document.querySelectorAll("button[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  if (!source) continue;
  const words = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = button.dataset.done;
      setTimeout(() => { button.textContent = words; }, 2000);
    } catch {
      source.closest("details")?.setAttribute("open", "");
      getSelection()?.selectAllChildren(source);
    }
  });
}
