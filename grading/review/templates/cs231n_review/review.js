// The notebook's total as it stands, and what nbgrader's page does by inline handlers.
(function () {
  function showTotal() {
    let score = 0, most = 0, waiting = 0;
    formgrader.grades.each((grade) => {
      const given = grade.get("manual_score") ?? grade.get("auto_score");
      most += grade.get("max_score");
      waiting += grade.get("needs_manual_grade") ? 1 : 0;
      // As nbgrader counts: extra credit goes with a score.
      score += given === null ? 0 : Number(given) + Number(grade.get("extra_credit") ?? 0);
    });
    const open = waiting ? ` · ${waiting} to be looked at` : "";
    $("#review-total").text(
      `${roundToPrecision(score, 2)} / ${roundToPrecision(most, 2)} points${open}`
    );
  }

  function showName(on) {
    $(".name-shown").toggle(on);
    $(".name-hidden").toggle(!on);
  }

  $(window).on("load", () => {
    formgrader.grades.on("sync change reset", showTotal);
    $("[data-link]").each((_, link) => {
      linkTo("notebook", link.dataset.link)(0, link);
      link.removeAttribute("data-link");
    });
    $(".glyphicon.name-hidden").on("click", () => showName(true));
    $(".glyphicon.name-shown").on("click", () => showName(false));
    $("#review-unfold").on("click", (event) => {
      const folds = document.querySelectorAll(".review-fold");
      const open = [...folds].some((fold) => !fold.open);
      folds.forEach((fold) => (fold.open = open));
      event.target.textContent = open ? "Hide the course's text" : "Show the course's text";
    });
  });
})();
