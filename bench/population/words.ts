/** What packages are called. A prime number of words, none with a separator in it. */
export const WORDS: readonly string[] = `
access account acme action admin aggregator alias amazon analytics api app archive asset async audit auth
author autoload avatar backup badge banner base batch beacon behat bill block blog book bootstrap breadcrumb
bridge browser bucket builder bundle cache calendar captcha cart catalog category chart chat checkout city cli
client cloud cluster code codec collection color commerce common composer config connect console contact
container content context contract cookie core country coupon crawler cron crypto css currency dashboard data
database date debug decimal demo deploy dialog diff digital directory dispatcher doctrine document domain drush
editor elastic email embed engine entity event export facet factory feature feed field file filter firebase
flag flow font form format forum framework gallery gateway geo git google graph grid group guard guzzle handler
hash header harbor hook html http icon image import index inline input insight intl invoice iterator job json
jwt kafka kernel keyboard label language laravel layout ldap legacy library link list loader local locale lock
log logger login mail manager map markdown media member menu message meta metric migrate mobile mock model
module monitor mysql nav network news node notify numpy oauth object office open option order orm page paginator
panel parser password path pattern payment paypal pdf permission phone photo php pipeline platform player plugin
poll pool popup post price print process product profile project promise protocol provider proxy publish push
python query queue quick quiz rabbit rate react reader redirect redis region registry relation remote render
report request resource response rest retry review role route router rule runtime sales sample scheduler schema
scraper search secure select seo serializer server service season shape shipping shop simple site sitemap slack
slider smart social socket solr sort spam sql stack stats storage store stream string stripe style support
symfony sync system table tag task taxonomy team template test text theme time token tool tooltip tour track
translate tree trello twig twitter type ui unit upload url user util validator vault vector video view voice
voting vue wallet weather web webform webhook webpack widget wiki wizard word workflow worker wrapper xml yaml
zend zip zone
`
  .trim()
  .split(/\s+/);
