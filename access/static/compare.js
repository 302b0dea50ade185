// Lays the second screenshot over the first and shows as much of it as the slider says; without script they stand
// side by side.
"use strict";

for (const slider of document.querySelectorAll("[data-slider]")) {
  const range = slider.querySelector("input[type=range]");
  const over = slider.querySelector(".over img");
  const show = () => {
    over.style.clipPath = `inset(0 0 0 ${range.value}%)`;
  };
  slider.classList.add("live");
  slider.querySelector(".slide").hidden = false;
  range.addEventListener("input", show);
  show();
}
