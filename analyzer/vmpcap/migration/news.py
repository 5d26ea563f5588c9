"""What the control frames of a capture point say of routes and gateways."""

from vmpcap.announcements.routes.readers import News, read_news
from vmpcap.migration.views import PointView


def news_of(view: PointView) -> News:
    """What the control frames of this point say; read once."""
    if "news" not in view.found:
        view.found["news"] = read_news(view.control)
    news: News = view.found["news"]
    return news
