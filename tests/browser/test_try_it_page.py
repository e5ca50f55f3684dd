from playwright.sync_api import Page, expect

PRAISE = (
    "What a wonderful film. Superb acting, a moving story, one of the best this year. I loved every minute."
)
CRITICISM = (
    "A tedious, awful mess. The acting is terrible, the plot is boring. The worst film, a waste of time."
)


def test_a_review_gets_a_prediction(our_page: Page, site) -> None:
    our_page.goto(site.service)
    for review, label in ((PRAISE, "positive"), (CRITICISM, "negative")):
        our_page.get_by_label("A film review").fill(review)
        our_page.get_by_role("button", name="Classify").click()
        expect(our_page.locator("#prediction")).to_contain_text(label, ignore_case=True)
        expect(our_page.locator("#result mark").first).to_be_visible()


def test_contributing_words_are_marked(our_page: Page, site) -> None:
    our_page.goto(site.service)
    our_page.get_by_label("A film review").fill(CRITICISM)
    our_page.get_by_role("button", name="Classify").click()
    expect(our_page.locator("#result blockquote")).to_have_text(CRITICISM)
    expect(our_page.locator("#result blockquote mark", has_text="worst")).to_be_visible()


def test_an_empty_review_shows_an_error(our_page: Page, site) -> None:
    our_page.goto(site.service)
    our_page.get_by_role("button", name="Classify").click()
    expect(our_page.get_by_role("alert")).to_be_visible()
    expect(our_page.locator("#result")).to_be_hidden()
